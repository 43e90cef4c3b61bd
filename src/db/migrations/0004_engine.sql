-- One row per running process: who holds workflows, and until when it is believed to live.

create table countersign.executors (
  id          text primary key,
  started_at  timestamptz not null default now(),
  lease_until timestamptz not null
);
