-- When a parked or failed webhook is looked at again. What nobody wants is looked at less and less often.
alter table countersign.inbound_webhooks add column next_look_at timestamptz;
update countersign.inbound_webhooks set next_look_at = now() where state in ('parked', 'failed');
create index inbound_webhooks_due on countersign.inbound_webhooks (next_look_at) where next_look_at is not null;
drop index countersign.inbound_webhooks_parked;

create index inbound_webhooks_by_order on countersign.inbound_webhooks (order_id, id desc) where order_id is not null;

-- Which event told a change first: providers may make two events of one.
create table countersign.inbound_changes (
  provider text not null,
  -- a hash of all that the event tells
  change   text not null,
  event_id text not null,
  -- the provider's time of that event, and when it came
  told_at  timestamptz not null,
  seen_at  timestamptz not null default now(),
  primary key (provider, change)
);
create index inbound_changes_oldest on countersign.inbound_changes (seen_at);
