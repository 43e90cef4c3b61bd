-- API keys made at run time, and who is signed in to the console. Of every key, token and link only a hash is kept.

create table countersign.api_keys (
  id             text primary key,
  tenant         text not null,
  role           text not null check (role in ('viewer', 'support', 'finance', 'admin')),
  -- as whom its holder acts, as the trail names them
  user_name      text not null,
  description    text,
  -- its first characters, by which people tell keys apart
  hint           text not null,
  key_hash       text not null unique,
  -- after a rotation the former key is good for a while longer
  previous_hash  text unique,
  previous_until timestamptz,
  created_by     text not null,
  created_at     timestamptz not null default now(),
  rotated_at     timestamptz,
  -- null: it does not expire
  expires_at     timestamptz,
  -- to within some minutes
  used_at        timestamptz,
  revoked_at     timestamptz
);
create index api_keys_by_tenant on countersign.api_keys (tenant, id desc);

create table countersign.console_sessions (
  id             text primary key,
  token_hash     text not null unique,
  -- the token before this one is good until the browser has shown the new one, and a little longer
  previous_hash  text unique,
  previous_until timestamptz,
  csrf           text not null,
  tenant         text not null,
  user_name      text not null,
  method         text not null check (method in ('key', 'mail', 'oidc')),
  -- what it stands on: a key's id, a configured key's name, or an operator's address; without it the session is over
  credential     text not null,
  created_at     timestamptz not null default now(),
  rotated_at     timestamptz not null default now(),
  seen_at        timestamptz not null default now(),
  expires_at     timestamptz not null
);
create index console_sessions_by_credential on countersign.console_sessions (credential);
create index console_sessions_oldest on countersign.console_sessions (expires_at);

-- One-time links that were mailed to operators.
create table countersign.console_sign_ins (
  token_hash text primary key,
  tenant     text not null,
  address    text not null,
  expires_at timestamptz not null
);
create index console_sign_ins_oldest on countersign.console_sign_ins (expires_at);
