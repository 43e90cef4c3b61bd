-- Every verified webhook, whatever became of it.

create table countersign.inbound_webhooks (
  id          text primary key,
  provider    text not null,
  event_id    text not null,
  type        text not null,
  state       text not null check (state in ('routed', 'parked', 'ignored', 'quarantined', 'failed')),
  reason      text,
  order_id    text,
  -- what the event names (order, payment, session), by which a parked one is found when its order appears
  correlation text[] not null default '{}',
  duplicates  integer not null default 0,
  attempts    integer not null default 1,
  recovered   boolean not null default false,
  headers     jsonb not null,
  body        bytea not null,
  received_at timestamptz not null,
  unique (provider, event_id)
);
create index inbound_webhooks_newest on countersign.inbound_webhooks (id desc);
create index inbound_webhooks_by_state on countersign.inbound_webhooks (state, id desc);
create index inbound_webhooks_parked on countersign.inbound_webhooks using gin (correlation) where state = 'parked';

-- Requests with a bad signature: counted in metrics, kept here only as a bounded sample.
create table countersign.signature_failures (
  slot        integer primary key check (slot between 0 and 99),
  reason      text not null,
  headers     jsonb not null,
  body_start  text not null,
  received_at timestamptz not null default now()
);
