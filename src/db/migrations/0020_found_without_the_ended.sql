-- What runs by itself finds open and recent orders without reading those that ended long ago.

create index orders_open on countersign.orders (tenant, id) where segment_open;

-- Of a kind that an update in place need not touch: a range of pages each, in which recent changes are found.
create index orders_changed on countersign.orders using brin (updated_at)
  with (pages_per_range = 16, autosummarize = on);
