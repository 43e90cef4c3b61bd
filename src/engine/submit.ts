import { insertApproval } from "../db/approvals.ts";
import { claimKey, type IdempotencyRecord } from "../db/idempotency-keys.ts";
import { insertOrder } from "../db/orders.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import type { ApprovalState } from "../domain/approval.ts";
import type { Actor } from "../domain/audit-entry.ts";
import type { OrderState } from "../domain/order.ts";
import type { Log } from "../log.ts";
import { WORKFLOW } from "./names.ts";
import { startInTransaction, type Dispatch } from "./start.ts";

/** The operation under which creations keep their idempotency keys. */
export const CREATE_ORDER = "POST /v1/orders";

/**
 * Accepts an order: idempotency record, order row, its workflow and the first message commit together, so that an order
 * either exists and will be driven to its end, or does not exist.
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
    const dispatch = await startInTransaction(
      tx,
      WORKFLOW.order,
      { id, segment: 0, first: { type: "submitted", actor, idempotency_key: key } },
      log,
    );
    return { earlier: null, dispatch };
  });
  result.dispatch?.();
  return result.earlier;
}

/** Opens an approval within the caller's transaction: its row, its workflow and the first message. Null when it is open already. */
export const submitApproval = async (tx: Tx, state: ApprovalState, log: Log): Promise<Dispatch | null> =>
  (await insertApproval(tx, state))
    ? startInTransaction(tx, WORKFLOW.approval, { id: state.id, segment: 0, first: { type: "opened" } }, log)
    : null;
