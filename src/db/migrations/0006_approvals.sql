-- Approvals learn revisions, changes of people, and delegation. Those in flight go on as they were asked.

update countersign.approvals
   set state = state || jsonb_build_object(
         'amendments', '[]'::jsonb,
         'history', '[]'::jsonb,
         'asked_from', state -> 'gate_opened_at',
         'callback', null,
         'people', '[]'::jsonb,
         'delegations', '[]'::jsonb,
         'asked', coalesce((
           select jsonb_agg(jsonb_build_object('gate', (state ->> 'gate')::int, 'person', person))
             from jsonb_array_elements_text(
               coalesce(state #> array['plan', 'gates', state ->> 'gate', 'approvers'], '[]') || coalesce(state -> 'escalated_to', '[]')
             ) as person), '[]'::jsonb),
         -- mails that are still to go out belong to the only revision there was
         'todo', coalesce((
           select jsonb_agg(jsonb_set(work, '{effect}', '{"revision": 1}'::jsonb || (work -> 'effect')) order by n)
             from jsonb_array_elements(state -> 'todo') with ordinality as t(work, n)), '[]'::jsonb),
         'votes', coalesce((
           select jsonb_agg(vote || jsonb_build_object('revision', 1, 'seat', vote ->> 'approver') order by n)
             from jsonb_array_elements(state -> 'votes') with ordinality as v(vote, n)), '[]'::jsonb))
 where not state ? 'asked';

create table countersign.delegations (
  id           text primary key,
  tenant       text not null,
  from_address text not null,
  to_address   text not null,
  starts_at    timestamptz not null,
  ends_at      timestamptz not null,
  created_by   text not null,
  created_at   timestamptz not null default now(),
  check (starts_at < ends_at)
);
create index delegations_by_tenant on countersign.delegations (tenant, ends_at);

update countersign.orders
   set state = state || jsonb_build_object(
         'amended_amount', null,
         'approvals', coalesce((
           select jsonb_agg('{"subject_hash": null}'::jsonb || approval order by n)
             from jsonb_array_elements(state -> 'approvals') with ordinality as a(approval, n)), '[]'::jsonb))
 where not state ? 'amended_amount';
