-- Personal values stand beside the trail, whose entries hold commitments to them: so they can be erased, and the chain stays valid.

create table countersign.audit_personal (
  order_id text not null,
  seq      integer not null,
  -- where it stands in the entry, as a JSON Pointer
  path     text not null,
  salt     text not null,
  value    text not null,
  primary key (order_id, seq, path)
);

-- Whom erasures that are not through yet look for. Once nothing is left to find, `needles` and `names` are empty.
create table countersign.erasures (
  order_id   text primary key references countersign.orders (id) on delete cascade,
  -- texts that name the customer
  needles    text[] not null,
  -- ids by which the provider's events name the order
  names      text[] not null,
  -- up to where the inbox was searched
  searched   text not null,
  webhooks   integer not null default 0,
  started_at timestamptz not null default now()
);
