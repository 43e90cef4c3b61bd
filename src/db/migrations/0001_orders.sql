-- Orders, approvals and what belongs to them. The engine's own tables live in schema dbos.

create table countersign.orders (
  id           text primary key,
  tenant       text not null,
  reference    text not null,
  status       text not null,
  amount       bigint not null,
  currency     text not null,
  -- what the provider calls this order's payment; null until it is known
  session_id   text,
  payment_id   text,
  -- the order's whole state, as domain/order.ts defines it
  state        jsonb not null,
  -- number of the newest segment, whether its workflow still takes messages, and its committed transitions
  segment      integer not null default 0,
  segment_open boolean not null default true,
  steps        integer not null default 0,
  -- the audit chain's length and head, and how long it was when the segment began (its stream starts at 0)
  entries      integer not null default 0,
  segment_base integer not null default 0,
  head_hash    text not null default repeat('0', 64),
  created_at   timestamptz not null,
  updated_at   timestamptz not null
);
create index orders_newest on countersign.orders (tenant, id desc);
create index orders_by_status on countersign.orders (tenant, status, id desc);
create index orders_by_reference on countersign.orders (tenant, reference, id desc);
create index orders_by_payment on countersign.orders (payment_id) where payment_id is not null;
create index orders_by_session on countersign.orders (session_id) where session_id is not null;

create table countersign.approvals (
  id           text primary key,
  tenant       text not null,
  order_id     text references countersign.orders (id),
  status       text not null,
  state        jsonb not null,
  segment      integer not null default 0,
  segment_open boolean not null default true,
  steps        integer not null default 0,
  created_at   timestamptz not null,
  updated_at   timestamptz not null
);
create index approvals_newest on countersign.approvals (tenant, id desc);
create index approvals_by_status on countersign.approvals (tenant, status, id desc);
create index approvals_by_order on countersign.approvals (order_id) where order_id is not null;

-- A mailed link is found by the hash of its token; the token itself is stored nowhere.
create table countersign.approval_links (
  token_hash  text primary key,
  approval_id text not null references countersign.approvals (id),
  gate        integer not null,
  revision    integer not null,
  approver    text not null,
  number      integer not null,
  created_at  timestamptz not null default now()
);
create index approval_links_by_approval on countersign.approval_links (approval_id);

create table countersign.idempotency_keys (
  tenant       text not null,
  operation    text not null,
  key          text not null,
  request_hash text not null,
  object_id    text not null,
  -- what the first request was answered; null while it is still running
  response     json,
  created_at   timestamptz not null default now(),
  primary key (tenant, operation, key)
);
create index idempotency_keys_by_object on countersign.idempotency_keys (object_id);
