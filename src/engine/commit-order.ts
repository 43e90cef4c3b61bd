import { randomBytes } from "node:crypto";
import { closePayload } from "../db/payloads.ts";
import type { Queryable } from "../db/pool.ts";
import { enqueueDeliveries } from "../db/webhook-deliveries.ts";
import { appendToChain } from "../domain/audit-chain.ts";
import { orderMerchantEvents } from "../domain/merchant-events.ts";
import type { OrderState } from "../domain/order.ts";
import { sealDraft } from "../domain/personal.ts";
import { storableJson } from "../domain/storable.ts";
import { orderEvents, orderView } from "../domain/order-view.ts";
import { requireOwned, type Commit, type Committed, type Written } from "./commit.ts";
import { APPLICATION_NAME, APPLICATION_VERSION, AUDIT_STREAM, CREATE_ORDER, WORKFLOW } from "./names.ts";
import { owned, recording } from "./recording.ts";

/** As the engine writes it when a stream is closed. */
const STREAM_CLOSED = '"__DBOS_STREAM_CLOSED__"';

/**
 * Writes one transition of an order in one statement: its row, the events that changed, the entries into the stream and
 * into the index, the personal values beside them, a webhook for each endpoint that takes it, what the engine records, and, when
 * the order first has something to show, the answer to the request that created it.
 */
export async function commitOrder(commit: Commit<OrderState>): Promise<Committed> {
  const { values, answer } = valuesOf(commit);
  const { rows } = await commit.tx.query<Written>({ ...TRANSITION, values });
  const { closed, enqueued } = requireOwned(rows[0], commit.workflowId);
  return { closed, enqueued, answer };
}

/** The request that creates an order, and the engine's row of its workflow. */
export interface Creation {
  key: string;
  request_hash: string;
  status: { status: string; queueName?: string | undefined; executorId: string; input: string | null };
  owner: string;
}

/**
 * The first transition of an order and all that makes it one, in one statement that commits by itself: the idempotency record, the
 * row, its workflow, and what any transition writes.
 * @returns null, and has written nothing, when the key was used before
 */
export async function commitNewOrder(
  db: Queryable,
  commit: Omit<Commit<OrderState>, "tx">,
  { key, request_hash, status, owner }: Creation,
): Promise<Committed | null> {
  const { values, answer } = valuesOf(commit);
  const { facts } = commit.after;
  const { rows } = await db.query<Written>({
    ...CREATION,
    values: [
      ...values,
      ...[key, request_hash, facts.amount, facts.currency, facts.created_at],
      ...[status.status, status.queueName ?? null, status.executorId, status.input, owner],
    ],
  });
  return rows[0] ? { closed: false, enqueued: rows[0].enqueued, answer } : null;
}

/** The parameters that every transition has, `$1` to `$21`. */
function valuesOf(commit: Omit<Commit<OrderState>, "tx">): { values: unknown[]; answer: string | null } {
  const { id, workflowId, functionId, before, after, row, now } = commit;
  const customers = [before.facts.customer, after.facts.customer];
  // A salt is rolled here and written in this very transaction: a replay follows the checkpoint and rolls none.
  const sealed = commit.entries.map((entry) => sealDraft(entry, customers, newSalt));
  const drafts = sealed.map(({ draft }) => draft);
  const chain = appendToChain(id, row, drafts, now);
  const entries = row.entries + chain.length;
  const head_hash = chain.at(-1)?.hash ?? row.head_hash;
  const view = orderView(after, { entries, head_hash, updated_at: now.toISOString() });
  const answer = before.status === "created" && after.status !== "created" ? storableJson(view) : null;
  const { owner, checkpoints } = commit.recording;
  const values = [
    id,
    workflowId,
    functionId,
    storableJson(after),
    after.status,
    after.payment.session_id,
    after.payment.id,
    entries,
    head_hash,
    now.toISOString(),
    commit.atRest,
    JSON.stringify(changedEvents(commit)),
    JSON.stringify(
      chain.map((entry) => ({
        seq: entry.seq,
        id: entry.id,
        type: entry.type,
        actor_type: entry.actor.type,
        actor_id: entry.actor.id,
        stream_offset: entry.seq - row.segment_base,
        value: JSON.stringify(entry),
      })),
    ),
    after.facts.tenant,
    entries - row.segment_base,
    answer,
    JSON.stringify(
      sealed.flatMap(({ personal }, i) => personal.map((kept) => ({ seq: row.entries + i, ...kept }))),
    ),
    JSON.stringify(orderMerchantEvents({ before, after, entries: commit.entries, base: row.entries, now })),
    after.facts.reference,
    JSON.stringify(checkpoints),
    owner,
  ];
  return { values, answer };
}

const newSalt = (): string => randomBytes(16).toString("hex");

/** Only what changed; all of them when a segment begins, since events belong to one workflow. */
function changedEvents({
  id,
  before,
  after,
  row,
}: Pick<Commit<OrderState>, "id" | "before" | "after" | "row">): { key: string; value: string }[] {
  const old = row.steps === 0 ? {} : orderEvents(before);
  return Object.entries(orderEvents(after))
    .map(([key, value]) => ({ key, value: storableJson(value), was: storableJson(old[key] ?? null) }))
    .filter(({ value, was }) => value !== was)
    .map(({ key, value }) => ({ key, value: closePayload(value, id) }));
}

const ENGINE = { workflow: "$2", checkpoints: "$20", owner: "$21" };

/** Where an order is. `changed` has one row, or none when nothing is to be written. */
const CHANGED = `
changed as (
  update countersign.orders
     set state = $4, status = $5, session_id = $6, payment_id = $7, entries = $8, head_hash = $9, updated_at = $10,
         steps = steps + 1, reference = $19,
         segment_open = not $11 or exists (
           select from dbos.notifications where destination_uuid = $2 and topic = 'message' and consumed = false)
   where id = $1
  returning not segment_open as closed
)`;

/** Where it begins. A column that is not named is as the table has it for a new order. */
const CREATED = `
claimed as (
  insert into countersign.idempotency_keys (tenant, operation, key, request_hash, object_id)
  values ($14, '${CREATE_ORDER}', $22, $23, $1) on conflict do nothing
  returning object_id
), changed as (
  insert into countersign.orders (id, tenant, reference, status, amount, currency, state, session_id, payment_id, entries, head_hash,
                                  steps, segment_open, created_at, updated_at)
  select $1, $14, $19, $5, $24::bigint, $25, $4::jsonb, $6, $7, $8::int, $9, 1, not $11::boolean, $26::timestamptz, $10::timestamptz
    from claimed
  returning not segment_open as closed
), begun as (
  insert into dbos.workflow_status (workflow_uuid, status, name, queue_name, authenticated_user, assumed_role, authenticated_roles,
                                    executor_id, application_version, application_id, recovery_attempts, priority, serialization,
                                    creator_xid, owner_xid, is_debounced, application_name)
  select $2, $27, '${WORKFLOW.order}', $28, '', '', '[]', $29, '${APPLICATION_VERSION}', '', case $27 when 'PENDING' then 1 else 0 end,
         0, 'portable_json', $31, case $27 when 'PENDING' then $31 end, false, '${APPLICATION_NAME}'
    from changed
), given as (
  insert into dbos.workflow_input (workflow_uuid, inputs) select $2, $30 from changed
)`;

const WRITTEN = `
event as (
  select key, value from changed cross join json_to_recordset($12) as e(key text, value text)
), latest as (
  insert into dbos.workflow_events (workflow_uuid, key, value, serialization)
  select $2, key, value, 'portable_json' from event
  on conflict (workflow_uuid, key) do update set value = excluded.value, serialization = excluded.serialization
), history as (
  insert into dbos.workflow_events_history (workflow_uuid, function_id, key, value, serialization)
  select $2, $3, key, value, 'portable_json' from event
), entry as (
  select e.* from changed cross join json_to_recordset($13)
      as e(seq int, id text, type text, actor_type text, actor_id text, stream_offset int, value text)
), streamed as (
  insert into dbos.streams (workflow_uuid, key, value, "offset", function_id, serialization)
  select $2, '${AUDIT_STREAM}', value, stream_offset, $3, 'portable_json' from entry
  union all
  select $2, '${AUDIT_STREAM}', '${STREAM_CLOSED}', $15, $3, 'portable_json' from changed where closed
), indexed as (
  insert into countersign.audit_index
         (order_id, seq, id, tenant, at, type, actor_type, actor_id, workflow_id, stream_offset)
  select $1, seq, id, $14, $10, type, actor_type, actor_id, $2, stream_offset from entry
), personal as (
  insert into countersign.audit_personal (order_id, seq, path, salt, value)
  select $1, seq, path, salt, value
    from changed cross join json_to_recordset($17) as p(seq int, path text, salt text, value text)
), outbound as (
  ${enqueueDeliveries({ events: "$18", tenant: "$14", when: "exists (select from changed)" })}
), answered as (
  update countersign.idempotency_keys set response = $16
   where object_id = $1 and operation = 'POST /v1/orders' and $16::json is not null
), ${recording(ENGINE)}
select closed, exists (select from outbound) as enqueued, ${owned(ENGINE)} from changed`;

/** Prepared also on a connection that prepares nothing else: to plan them takes longer than to run them. */
const TRANSITION = { name: "commit_order", text: `with ${CHANGED}, ${WRITTEN}` };
const CREATION = { name: "commit_new_order", text: `with ${CREATED}, ${WRITTEN}` };
