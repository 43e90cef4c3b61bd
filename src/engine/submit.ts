import { insertApproval } from "../db/approvals.ts";
import { claimKey, type IdempotencyRecord } from "../db/idempotency-keys.ts";
import { insertOrder } from "../db/orders.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import type { ApprovalMessage, ApprovalState } from "../domain/approval.ts";
import type { Actor } from "../domain/audit-entry.ts";
import type { OrderMessage, OrderState } from "../domain/order.ts";
import type { Log } from "../log.ts";
import { checkpointOf } from "./direct-journal.ts";
import type { Machine, Traced } from "./machine.ts";
import { approvalMachine, orderMachine } from "./machines.ts";
import { isDirect } from "./publishing.ts";
import { startInTransaction, type Dispatch } from "./start.ts";
import { publishFirst } from "./transition.ts";

/** The operation under which creations keep their idempotency keys. */
export const CREATE_ORDER = "POST /v1/orders";

/**
 * Accepts an order: idempotency record, order row, its workflow and the workflow's first transition commit together, so that an
 * order either exists and will be driven to its end, or does not exist.
 * @returns null when it was accepted; what the first request with this key left when there was one.
 */
export async function submitOrder(
  pool: Pool,
  order: OrderState,
  { key, request_hash, actor }: { key: string; request_hash: string; actor: Actor },
  log: Log,
): Promise<IdempotencyRecord | null> {
  const { id, tenant } = order.facts;
  const result = await inTransaction(pool, async (tx) => {
    const earlier = await claimKey(tx, { tenant, operation: CREATE_ORDER, key, request_hash, object_id: id });
    if (earlier) return { earlier, dispatch: null };
    await insertOrder(tx, order);
    const message = { type: "submitted", actor, idempotency_key: key } as const;
    return { earlier: null, dispatch: await begin(tx, orderMachine, { id, state: order, message }, log) };
  });
  result.dispatch?.();
  return result.earlier;
}

/** Opens an approval within the caller's transaction: its row, its workflow and the first message. Null when it is open already. */
export const submitApproval = async (tx: Tx, state: ApprovalState, log: Log): Promise<Dispatch | null> =>
  (await insertApproval(tx, state))
    ? begin(tx, approvalMachine, { id: state.id, state, message: { type: "opened" } }, log)
    : null;

/** Begins a workflow with a message: decided at once, unless the engine is to record every step by itself. */
async function begin<State extends Traced, Message extends OrderMessage | ApprovalMessage, Effect>(
  tx: Tx,
  machine: Machine<State, Message, Effect>,
  { id, state, message }: { id: string; state: State; message: Message },
  log: Log,
): Promise<Dispatch> {
  if (!isDirect()) return startInTransaction(tx, machine.workflow, { id, segment: 0, first: message }, log);
  const started = Date.now();
  const dispatch = await startInTransaction(tx, machine.workflow, { id, segment: 0 }, log);
  const first = await publishFirst(machine, { tx, id, state, message }, async (open, closed) => ({
    // Nobody else can have it yet.
    owner: null,
    checkpoints: [await checkpointOf(0, started, open, closed)],
  }));
  return () => dispatch(first);
}
