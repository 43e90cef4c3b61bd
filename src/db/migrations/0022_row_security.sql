-- The second lock between tenants: a session that says whose request it serves sees and writes that tenant's rows alone, whatever
-- its statement says. A session that says nothing is the service's own (workflows, sweepers, sign-in), which serves every tenant.
-- Forced, since the service is the tables' owner. The setting is read once a statement: uncorrelated, so not for each row.
-- Within `coalesce`, since the planner takes it for every second row, and a bare comparison with what it does not know for very few.
-- See src/db/tenant-scope.ts and docs/access.md.

-- A policy comes before every condition that could tell of rows that it hides, and such a condition is not looked up in an index.
-- Comparing text tells nothing; `@>` of arrays might, for all that PostgreSQL knows. So whom an approval waits for stands beside it.
create table countersign.approval_waiting (
  approval_id text not null references countersign.approvals (id) on delete cascade,
  person      text not null,
  tenant      text not null,
  primary key (approval_id, person)
);
create index approval_waiting_newest on countersign.approval_waiting (tenant, person, approval_id desc);

insert into countersign.approval_waiting (approval_id, person, tenant)
select distinct id, unnest(waiting_for), tenant from countersign.approvals where status = 'pending';

create function countersign.keep_approval_waiting() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    delete from countersign.approval_waiting
     where approval_id = new.id and not (new.status = 'pending' and person = any(new.waiting_for));
  end if;
  if new.status = 'pending' then
    insert into countersign.approval_waiting (approval_id, person, tenant)
    select new.id, person, new.tenant from unnest(new.waiting_for) as person
    on conflict do nothing;
  end if;
  return null;
end $$;

create trigger approval_waiting_begin after insert on countersign.approvals
  for each row execute function countersign.keep_approval_waiting();
create trigger approval_waiting_change after update of status, waiting_for on countersign.approvals
  for each row when (old.status is distinct from new.status or old.waiting_for is distinct from new.waiting_for)
  execute function countersign.keep_approval_waiting();

drop index countersign.approvals_waiting;

-- In the order in which requests and workflows come to them, so that nobody is waited for in a circle.
do $$
declare
  name text;
begin
  foreach name in array array[
    'idempotency_keys', 'orders', 'order_search', 'approvals', 'approval_waiting', 'audit_index', 'delegations',
    'webhook_endpoints', 'reconciliations', 'api_keys', 'console_sessions', 'console_sign_ins'
  ] loop
    execute format('alter table countersign.%I enable row level security', name);
    execute format('alter table countersign.%I force row level security', name);
    execute format(
      $policy$create policy own_tenant on countersign.%I
        using (coalesce(tenant = (select nullif(current_setting('countersign.tenant', true), '')), true))$policy$,
      name);
  end loop;
end $$;
