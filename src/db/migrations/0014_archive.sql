-- Old orders' trails leave the database for files. The order's row stays, with its state and the head of its chain.

alter table countersign.orders add column archived boolean not null default false;
create index orders_not_archived on countersign.orders (id) where not archived;
alter table countersign.approvals add column archived boolean not null default false;
create index approvals_not_archived on countersign.approvals (id) where not archived;

-- Which file holds the trail's first `entries` entries. A later segment's entries are in its stream until they are archived too.
create table countersign.archives (
  order_id    text primary key references countersign.orders (id),
  name        text not null,
  sha256      text not null,
  entries     integer not null,
  archived_at timestamptz not null default now(),
  -- since when its entries are back for somebody who reads them; null: they are not
  restored_at timestamptz
);
create index archives_restored on countersign.archives (restored_at) where restored_at is not null;

-- Entries that were brought back from a file.
create table countersign.audit_restored (
  order_id text not null,
  seq      integer not null,
  value    text not null,
  primary key (order_id, seq)
);
