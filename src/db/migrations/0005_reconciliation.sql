-- Orders learn to be held, to be captured when the merchant says so, and to have several disputes.

update countersign.orders
   set state = (state - 'dispute') || jsonb_build_object(
         'disputes', case when coalesce(state -> 'dispute', 'null') = 'null' then '[]'::jsonb
                          else jsonb_build_array('{"withdrawn": 0, "reinstated": 0, "fee": 0}'::jsonb || (state -> 'dispute')) end,
         'capture', '{"wanted": null, "asked": null}'::jsonb,
         'authorized_at', null,
         'lapse_told', false,
         'hold', null,
         'strays', '[]'::jsonb,
         'facts', '{"capture": "automatic", "provider": "stripe"}'::jsonb || (state -> 'facts'),
         'payment', '{"cancellation_reason": null, "fee": null, "currency": null, "failed_attempts": []}'::jsonb || (state -> 'payment'))
 where not state ? 'disputes';

-- Payments that wait are looked at, ever more rarely; a row says when next.
create index orders_waiting_for_payment on countersign.orders (created_at)
  where segment_open and status in ('created', 'awaiting_payment', 'requires_action', 'payment_failed');

create table countersign.payment_looks (
  order_id text primary key references countersign.orders (id) on delete cascade,
  looks    integer not null,
  next_at  timestamptz not null
);

-- Up to when the provider's undelivered events were looked for, and until when a process is at it.
create table countersign.event_gaps (
  provider      text primary key,
  looked_to     timestamptz not null,
  claimed_until timestamptz not null
);

-- Reports: each compares a tenant's open and recent orders with the provider.
create table countersign.reconciliations (
  id          text primary key,
  tenant      text not null,
  started_by  text not null,
  status      text not null check (status in ('running', 'finished', 'failed')),
  since       timestamptz not null,
  checked     integer not null default 0,
  differences jsonb not null default '[]',
  failure     text,
  started_at  timestamptz not null,
  -- renewed while it runs: one that stands still was left by a process that died
  touched_at  timestamptz not null,
  finished_at timestamptz
);
create index reconciliations_newest on countersign.reconciliations (tenant, id desc);
create unique index reconciliations_by_night on countersign.reconciliations (tenant, started_by)
  where started_by like 'night %';
