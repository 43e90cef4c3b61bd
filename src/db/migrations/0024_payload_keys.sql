-- Under which versions of PAYLOAD_KEYS something may be encrypted, each with a text that it has closed: a start with another secret
-- under the same version, or without a version that is needed, is refused before a workflow meets what it cannot read.

create table countersign.payload_keys (
  version    text primary key,
  probe      text not null,
  created_at timestamptz not null default now()
);
