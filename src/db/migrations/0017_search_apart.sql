-- What orders are searched by stands beside them: an index over the state itself is written at every transition, and keeps
-- PostgreSQL from updating a row in place.

drop index countersign.orders_by_reference_begin;
drop index countersign.orders_by_customer_email;
drop index countersign.orders_by_customer_name;

-- All in lower case, and compared byte by byte, so that what begins alike stands together.
create table countersign.order_search (
  order_id  text primary key references countersign.orders (id) on delete cascade,
  tenant    text not null,
  reference text collate "C" not null,
  email     text collate "C",
  name      text collate "C"
);
create index order_search_by_reference on countersign.order_search (tenant, reference);
create index order_search_by_email on countersign.order_search (tenant, email) where email is not null;
create index order_search_by_name on countersign.order_search (tenant, name) where name is not null;

insert into countersign.order_search (order_id, tenant, reference, email, name)
select id, tenant, lower(coalesce(state #>> '{facts,reference}', reference)), lower(state #>> '{facts,customer,email}'),
       lower(state #>> '{facts,customer,name}')
  from countersign.orders;

-- An order is amended or erased by its workflow's own statement, which need not know of this.
create function countersign.keep_order_search() returns trigger language plpgsql as $$
begin
  insert into countersign.order_search (order_id, tenant, reference, email, name)
  values (new.id, new.tenant, lower(coalesce(new.state #>> '{facts,reference}', new.reference)),
          lower(new.state #>> '{facts,customer,email}'), lower(new.state #>> '{facts,customer,name}'))
  on conflict (order_id) do update
     set reference = excluded.reference, email = excluded.email, name = excluded.name;
  return null;
end $$;

create trigger order_search_begin after insert on countersign.orders
  for each row execute function countersign.keep_order_search();
create trigger order_search_change after update of state on countersign.orders
  for each row when (old.state #> '{facts,customer}' is distinct from new.state #> '{facts,customer}'
                     or old.state #> '{facts,reference}' is distinct from new.state #> '{facts,reference}')
  execute function countersign.keep_order_search();
