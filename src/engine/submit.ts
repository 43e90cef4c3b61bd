import { insertApproval } from "../db/approvals.ts";
import { claimKey, findKey, type IdempotencyRecord } from "../db/idempotency-keys.ts";
import { insertOrder } from "../db/orders.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import type { ApprovalState } from "../domain/approval.ts";
import type { Actor } from "../domain/audit-entry.ts";
import type { OrderState } from "../domain/order.ts";
import type { Log } from "../log.ts";
import { checkpointOf } from "./direct-journal.ts";
import { commitNewOrder } from "./commit-order.ts";
import { approvalMachine, orderMachine } from "./machines.ts";
import { isDirect } from "./publishing.ts";
import type { Followed } from "./journal.ts";
import { CREATE_ORDER, WORKFLOW } from "./names.ts";
import { announceEnqueued } from "./outbox.ts";
import type { Recording } from "./recording.ts";
import { prepareStart, startInTransaction, type Dispatch } from "./start.ts";
import { publishFirst, type Published } from "./transition.ts";

export { CREATE_ORDER } from "./names.ts";

/** The request that creates an order. */
interface Request {
  key: string;
  request_hash: string;
  actor: Actor;
}

/**
 * Accepts an order: idempotency record, order row, its workflow and the workflow's first transition commit together, so that an
 * order either exists and will be driven to its end, or does not exist.
 * @returns null when it was accepted; what the first request with this key left when there was one.
 */
export const submitOrder: Submit = (...order) => (isDirect() ? submitAtOnce : submitInTransaction)(...order);

type Submit = (
  pool: Pool,
  order: OrderState,
  request: Request,
  log: Log,
) => Promise<IdempotencyRecord | null>;

/** In one statement. */
const submitAtOnce: Submit = async (pool, order, { key, request_hash, actor }, log) => {
  const { id, tenant } = order.facts;
  const { status, owner, dispatch } = prepareStart(WORKFLOW.order, { id, segment: 0 }, log);
  const started = Date.now();
  const message = { type: "submitted", actor, idempotency_key: key } as const;
  const first = await publishFirst(
    orderMachine,
    { id, state: order, message },
    recordFirst(started),
    (commit) => commitNewOrder(pool, commit, { key, request_hash, status, owner }),
  );
  if (!first) return findKey(pool, tenant, CREATE_ORDER, key);
  begin(dispatch, first);
  return null;
};

/** The engine makes its own statements, and the workflow decides the message. */
const submitInTransaction: Submit = async (pool, order, { key, request_hash, actor }, log) => {
  const { id, tenant } = order.facts;
  const result = await inTransaction(pool, async (tx) => {
    const earlier = await claimKey(tx, { tenant, operation: CREATE_ORDER, key, request_hash, object_id: id });
    if (earlier) return { earlier, dispatch: null };
    await insertOrder(tx, order);
    const first = { type: "submitted", actor, idempotency_key: key } as const;
    return {
      earlier: null,
      dispatch: await startInTransaction(tx, WORKFLOW.order, { id, segment: 0, first }, log),
    };
  });
  result.dispatch?.();
  return result.earlier;
};

/**
 * Opens an approval within the caller's transaction: its row, its workflow, and what the workflow begins with. Null when it is
 * open already.
 */
export async function submitApproval(tx: Tx, state: ApprovalState, log: Log): Promise<Dispatch | null> {
  if (!(await insertApproval(tx, state))) return null;
  const { id } = state;
  const message = { type: "opened" } as const;
  if (!isDirect()) return startInTransaction(tx, WORKFLOW.approval, { id, segment: 0, first: message }, log);
  const started = Date.now();
  const dispatch = await startInTransaction(tx, WORKFLOW.approval, { id, segment: 0 }, log);
  const first = await publishFirst(approvalMachine, { id, state, message }, recordFirst(started), (commit) =>
    approvalMachine.commit({ ...commit, tx }),
  );
  return () => (first ? begin(dispatch, first) : dispatch());
}

/** Once it is committed. */
function begin(dispatch: Dispatch, first: Followed<unknown, unknown> & { enqueued: boolean }): void {
  if (first.enqueued) announceEnqueued();
  dispatch(first);
}

/** Nobody else can have the workflow yet. */
const recordFirst =
  (started: number) =>
  async <Effect>(open: Published<Effect>, closed: Published<Effect>): Promise<Recording> => ({
    owner: null,
    checkpoints: [await checkpointOf(0, started, open, closed)],
  });
