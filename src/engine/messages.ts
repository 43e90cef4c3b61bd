import type { PoolClient } from "pg";
import { closePayload } from "../db/payloads.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import type { ApprovalMessage } from "../domain/approval.ts";
import type { OrderMessage } from "../domain/order.ts";
import type { Log } from "../log.ts";
import { currentTrace, traced, type Traceparent } from "../observe/trace.ts";
import { TOPIC, WORKFLOW, workflowId } from "./names.ts";
import { startInTransaction, type Dispatch } from "./start.ts";

/** A message on its way to an order or an approval. */
export interface Letter<Message> {
  to: string;
  message: Message;
  /**
   * What makes it the same message when it comes again: topic, source and the source's own id. The engine drops a key it
   * has seen, whatever the body, so all three must be in it.
   */
  key: string;
  /** What it comes from, where traces are on; what is under way where it is sent when absent. */
  trace?: Traceparent | undefined;
}

const TABLE = { order: "orders", approval: "approvals" } as const;
type Recipient = keyof typeof TABLE;

interface Locked {
  id: string;
  segment: number;
  segment_open: boolean;
}

/**
 * The one router. Within the caller's transaction it locks each recipient's row (in id order, so that two routers never
 * deadlock), sends to the segment that runs, and starts the next one where none does. The segment closes under the same
 * lock, so a message finds either a reader or a new segment, never a finished workflow.
 * @returns what to dispatch after the commit, and the recipients that do not exist.
 */
export async function route(
  tx: PoolClient,
  recipient: Recipient,
  letters: Letter<OrderMessage | ApprovalMessage>[],
  log: Log,
): Promise<{ dispatch: Dispatch; unknown: string[] }> {
  if (letters.length === 0) return { dispatch: () => {}, unknown: [] };
  const ids = [...new Set(letters.map((letter) => letter.to))].sort();
  const locked = await lockRows(tx, TABLE[recipient], ids);
  const dispatches: Dispatch[] = [];
  const segments = new Map<string, number>();
  for (const row of locked) {
    if (row.segment_open) segments.set(row.id, row.segment);
    else {
      dispatches.push(await startNextSegment(tx, recipient, row, log));
      segments.set(row.id, row.segment + 1);
    }
  }
  const known = letters.flatMap((letter) => {
    const segment = segments.get(letter.to);
    return segment === undefined ? [] : [{ ...letter, workflow: workflowId(letter.to, segment) }];
  });
  await send(tx, known);
  return {
    dispatch: () => dispatches.forEach((begin) => begin()),
    unknown: ids.filter((id) => !segments.has(id)),
  };
}

/**
 * Starts the next segment of one whose workflow broke, with what that one left unread.
 * @returns null when it has moved on meanwhile
 */
export async function moveOn(
  tx: PoolClient,
  recipient: Recipient,
  broken: { id: string; segment: number },
  log: Log,
): Promise<Dispatch | null> {
  const [row] = await lockRows(tx, TABLE[recipient], [broken.id]);
  if (!row?.segment_open || row.segment !== broken.segment) return null;
  const dispatch = await startNextSegment(tx, recipient, row, log);
  await tx.query(
    "update dbos.notifications set destination_uuid = $2 where destination_uuid = $1 and consumed = false",
    [workflowId(row.id, row.segment), workflowId(row.id, row.segment + 1)],
  );
  return dispatch;
}

/** The events of the last segment stand until the new one publishes its own: a reader never finds less than before. */
async function startNextSegment(
  tx: PoolClient,
  recipient: Recipient,
  { id, segment }: Locked,
  log: Log,
): Promise<Dispatch> {
  const next = segment + 1;
  await openSegment(tx, TABLE[recipient], id, next);
  const dispatch = await startInTransaction(tx, WORKFLOW[recipient], { id, segment: next }, log);
  if (recipient === "order")
    await tx.query(
      `insert into dbos.workflow_events (workflow_uuid, key, value, serialization)
       select $2, key, value, serialization from dbos.workflow_events where workflow_uuid = $1`,
      [workflowId(id, segment), workflowId(id, next)],
    );
  return dispatch;
}

/** Sends one message in a transaction of its own. False when there is no such recipient. */
export async function deliver(
  pool: Pool,
  recipient: Recipient,
  letter: Letter<OrderMessage | ApprovalMessage>,
  log: Log,
): Promise<boolean> {
  const { dispatch, unknown } = await inTransaction(pool, (tx) => route(tx, recipient, [letter], log));
  dispatch();
  return unknown.length === 0;
}

/**
 * Whether an order has taken the message with this key, in whichever segment. What it decided was committed with the
 * taking: read the order after this, and the answer is in it.
 */
export async function isTaken(pool: Pool, orderId: string, key: string): Promise<boolean> {
  const { rows } = await pool.query<{ taken: boolean }>(
    `select not exists (
              select from dbos.notifications
               where destination_uuid = case when o.segment = 0 then o.id else o.id || ':' || o.segment end
                 and consumed = false and starts_with(message_uuid, $2 || '::')) as taken
       from countersign.orders o where o.id = $1`,
    [orderId, key],
  );
  return rows[0]?.taken ?? false;
}

async function lockRows(tx: PoolClient, table: string, ids: string[]): Promise<Locked[]> {
  const { rows } = await tx.query<Locked>(
    `select id, segment, segment_open from countersign.${table} where id = any($1) order by id for update`,
    [ids],
  );
  return rows;
}

async function openSegment(tx: PoolClient, table: string, id: string, segment: number): Promise<void> {
  const base = table === "orders" ? ", segment_base = entries" : "";
  await tx.query(
    `update countersign.${table} set segment = $2, segment_open = true, steps = 0, archived = false${base} where id = $1`,
    [id, segment],
  );
}

/** As the engine's `sendInTransaction` does, for many at once; a key that it has seen is dropped. */
async function send(tx: PoolClient, letters: (Letter<object> & { workflow: string })[]): Promise<void> {
  if (letters.length === 0) return;
  await tx.query(
    `insert into dbos.notifications (destination_uuid, topic, message, serialization, message_uuid)
     select destination, '${TOPIC}', message, 'portable_json', key
       from unnest($1::text[], $2::text[], $3::text[]) as letter(destination, message, key)
     on conflict (message_uuid) do nothing`,
    [
      letters.map((letter) => letter.workflow),
      letters.map(({ message, key, trace = currentTrace() }) => closePayload(traced(message, trace), key)),
      letters.map((letter) => `${letter.key}::${letter.workflow}`),
    ],
  );
}
