-- Whom an approval waits for now, as domain/address.ts compares addresses: kept with every transition, so that a person's open
-- questions are found. And why somebody is away.

alter table countersign.approvals add column waiting_for text[] not null default '{}';

create function pg_temp.person(address text) returns text language sql as
  $$ select regexp_replace(lower(address), '^([^+]+)[+].*(@[^@]*)$', '\1\2') $$;

-- Whoever holds a place at the open gate, after all changes of people, and has not decided.
update countersign.approvals a
   set waiting_for = coalesce((
         select array_agg(distinct held.person)
           from (select pg_temp.person(address) as person
                   from jsonb_array_elements_text(
                          coalesce(a.state #> array['plan', 'gates', a.state ->> 'gate', 'approvers'], '[]')
                          || coalesce(a.state -> 'escalated_to', '[]')
                          || jsonb_path_query_array(a.state, '$.people[*] ? (@.gate == $.gate).to')) as address
                  where address is not null) as held
          where not exists (
                  select from jsonb_array_elements(a.state -> 'votes') as vote
                   where vote -> 'gate' = a.state -> 'gate' and vote -> 'revision' = a.state -> 'revision'
                     and held.person in (pg_temp.person(vote ->> 'approver'), pg_temp.person(vote ->> 'seat')))
            and coalesce((
                  select pg_temp.person(change ->> 'from') <> held.person
                    from jsonb_array_elements(a.state -> 'people') with ordinality as p(change, n)
                   where change -> 'gate' = a.state -> 'gate'
                     and held.person in (pg_temp.person(change ->> 'from'), pg_temp.person(change ->> 'to'))
                   order by n desc limit 1), true)), '{}')
 where status = 'pending';

create index approvals_waiting on countersign.approvals using gin (waiting_for) where status = 'pending';

alter table countersign.delegations add column reason text;
