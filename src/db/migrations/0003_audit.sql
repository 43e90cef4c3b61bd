-- An index over the audit streams: where entry `seq` of an order stands, and what people search by.
-- The entry itself is in dbos.streams (key 'audit'); this row says which.

create table countersign.audit_index (
  order_id      text not null,
  seq           integer not null,
  id            text not null,
  tenant        text not null,
  at            timestamptz not null,
  type          text not null,
  actor_type    text not null,
  actor_id      text not null,
  workflow_id   text not null,
  stream_offset integer not null,
  primary key (order_id, seq)
);
create index audit_index_newest on countersign.audit_index (tenant, id desc);
create index audit_index_by_type on countersign.audit_index (tenant, type, id desc);
create index audit_index_by_actor_type on countersign.audit_index (tenant, actor_type, id desc);
create index audit_index_by_actor on countersign.audit_index (tenant, actor_id, id desc);
