-- Signed statements over the heads of all trails, chained to each other.

create table countersign.checkpoints (
  number     integer primary key,
  at         timestamptz not null,
  -- the signed statement as it was sent out, byte for byte
  statement  text not null,
  -- all orders were compared, not only those that were written to lately
  swept      boolean not null,
  -- more orders had changed than one checkpoint holds: the next one follows at once
  remaining  boolean not null,
  -- null until it was sent out to every place that is configured
  sent_at    timestamptz
);
create index checkpoints_unsent on countersign.checkpoints (number) where sent_at is null;

-- One order's trail as a checkpoint states it; `position` is the leaf's place in the tree.
create table countersign.checkpoint_leaves (
  order_id   text not null,
  checkpoint integer not null references countersign.checkpoints (number),
  position   integer not null,
  entries    integer not null,
  head_hash  text not null,
  primary key (order_id, checkpoint)
);
create unique index checkpoint_leaves_in_order on countersign.checkpoint_leaves (checkpoint, position);

-- Which orders were written to lately. Entries are only added, and in the order of time, so a few bytes for every 32 pages do.
create index audit_index_lately on countersign.audit_index using brin (at) with (pages_per_range = 32, autosummarize = on);
