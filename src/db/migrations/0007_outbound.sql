-- Webhooks out to the merchant: where to, and what is or was on its way.

create table countersign.webhook_endpoints (
  id              text primary key,
  tenant          text not null,
  url             text not null,
  -- exact names, `order.*`, or `*`
  event_types     text[] not null,
  description     text,
  enabled         boolean not null default true,
  -- null while it is enabled: manual, gone (it answered 410), or failing (nothing else for days)
  disabled_reason text,
  disabled_at     timestamptz,
  -- when the operator is to be told of it next; null: there is nothing to tell
  tell_at         timestamptz,
  -- sealed with LINK_SECRETS; the previous one signs beside it until its time is up
  secret          text not null,
  previous_secret text,
  previous_until  timestamptz,
  -- since when no try has succeeded; null: the last one did
  failing_since   timestamptz,
  created_by      text not null,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  -- hidden at once; the row goes when its deliveries are gone
  deleted_at      timestamptz
);
create index webhook_endpoints_by_tenant on countersign.webhook_endpoints (tenant, id desc) where deleted_at is null;

create table countersign.webhook_deliveries (
  id          text primary key,
  endpoint_id text not null references countersign.webhook_endpoints (id),
  event_id    text not null,
  event_type  text not null,
  -- what is posted, byte for byte the same at every try
  body        text not null,
  state       text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  -- since it was enqueued or last retried by hand
  attempts    integer not null default 0,
  -- null once it has ended
  next_at     timestamptz,
  -- the executor that is at it
  claimed_by  text,
  claimed_at  timestamptz,
  -- the last tries, oldest first
  tries       jsonb not null default '[]',
  created_at  timestamptz not null default now(),
  ended_at    timestamptz
);
create index webhook_deliveries_due on countersign.webhook_deliveries (endpoint_id, next_at) where next_at is not null;
create index webhook_deliveries_newest on countersign.webhook_deliveries (endpoint_id, id desc);
create index webhook_deliveries_claimed on countersign.webhook_deliveries (endpoint_id) where claimed_by is not null;
