import { randomBytes } from "node:crypto";
import { closePayload } from "../db/payloads.ts";
import { enqueueDeliveries } from "../db/webhook-deliveries.ts";
import { appendToChain } from "../domain/audit-chain.ts";
import { orderMerchantEvents } from "../domain/merchant-events.ts";
import type { OrderState } from "../domain/order.ts";
import { sealDraft } from "../domain/personal.ts";
import { storableJson } from "../domain/storable.ts";
import { orderEvents, orderView } from "../domain/order-view.ts";
import { requireOwned, type Commit, type Committed, type Written } from "./commit.ts";
import { AUDIT_STREAM } from "./names.ts";
import { owned, recording } from "./recording.ts";

/** As the engine writes it when a stream is closed. */
const STREAM_CLOSED = '"__DBOS_STREAM_CLOSED__"';

/**
 * Writes one transition of an order in one statement: its row, the events that changed, the entries into the stream and
 * into the index, the personal values beside them, a webhook for each endpoint that takes it, what the engine records, and, when
 * the order first has something to show, the answer to the request that created it.
 */
export async function commitOrder(commit: Commit<OrderState>): Promise<Committed> {
  const { tx, id, workflowId, functionId, before, after, row, now } = commit;
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
  const { rows } = await tx.query<Written>({
    ...STATEMENT,
    values: [
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
    ],
  });
  const { closed, enqueued } = requireOwned(rows[0], workflowId);
  return { closed, enqueued, answer };
}

const newSalt = (): string => randomBytes(16).toString("hex");

/** Only what changed; all of them when a segment begins, since events belong to one workflow. */
function changedEvents({ id, before, after, row }: Commit<OrderState>): { key: string; value: string }[] {
  const old = row.steps === 0 ? {} : orderEvents(before);
  return Object.entries(orderEvents(after))
    .map(([key, value]) => ({ key, value: storableJson(value), was: storableJson(old[key] ?? null) }))
    .filter(({ value, was }) => value !== was)
    .map(({ key, value }) => ({ key, value: closePayload(value, id) }));
}

const ENGINE = { workflow: "$2", checkpoints: "$20", owner: "$21" };

const SQL = `
with changed as (
  update countersign.orders
     set state = $4, status = $5, session_id = $6, payment_id = $7, entries = $8, head_hash = $9, updated_at = $10,
         steps = steps + 1, reference = $19,
         segment_open = not $11 or exists (
           select from dbos.notifications where destination_uuid = $2 and topic = 'message' and consumed = false)
   where id = $1
  returning not segment_open as closed
), event as (
  select key, value from json_to_recordset($12) as e(key text, value text)
), latest as (
  insert into dbos.workflow_events (workflow_uuid, key, value, serialization)
  select $2, key, value, 'portable_json' from event
  on conflict (workflow_uuid, key) do update set value = excluded.value, serialization = excluded.serialization
), history as (
  insert into dbos.workflow_events_history (workflow_uuid, function_id, key, value, serialization)
  select $2, $3, key, value, 'portable_json' from event
), entry as (
  select * from json_to_recordset($13)
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
    from json_to_recordset($17) as p(seq int, path text, salt text, value text)
), outbound as (
  ${enqueueDeliveries({ events: "$18", tenant: "$14" })}
), answered as (
  update countersign.idempotency_keys set response = $16
   where object_id = $1 and operation = 'POST /v1/orders' and $16::json is not null
), ${recording(ENGINE)}
select closed, exists (select from outbound) as enqueued, ${owned(ENGINE)} from changed`;

/** Prepared also on a connection that prepares nothing else: to plan it takes longer than to run it. */
const STATEMENT = { name: "commit_order", text: SQL };
