import { enqueueDeliveries } from "../db/webhook-deliveries.ts";
import type { ApprovalState } from "../domain/approval.ts";
import { peopleAskedNow } from "../domain/approval-seats.ts";
import { approvalMerchantEvents } from "../domain/merchant-events.ts";
import { storableJson } from "../domain/storable.ts";
import { requireOwned, type Commit, type Committed, type Written } from "./commit.ts";
import { owned, recording } from "./recording.ts";

const ENGINE = { workflow: "$6", checkpoints: "$10", owner: "$11" };

/**
 * Writes one transition of an approval: its row alone with whom it waits for, since what happened is told to the order, whose
 * trail it is; of one without an order, its webhooks, and
 * what the engine records.
 */
export async function commitApproval({
  tx,
  id,
  workflowId,
  before,
  after,
  now,
  atRest,
  recording: { owner, checkpoints },
}: Commit<ApprovalState>): Promise<Committed> {
  const { rows } = await tx.query<Written>(
    `with changed as (
       update countersign.approvals
          set state = $2, status = $3, updated_at = $4, steps = steps + 1,
              waiting_for = $7, segment_open = not $5 or exists (
                select from dbos.notifications where destination_uuid = $6 and topic = 'message' and consumed = false)
        where id = $1
        returning not segment_open as closed
     ), outbound as (
       ${enqueueDeliveries({ events: "$8", tenant: "$9" })}
     ), ${recording(ENGINE)}
     select closed, exists (select from outbound) as enqueued, ${owned(ENGINE)} from changed`,
    [
      id,
      storableJson(after),
      after.status,
      now.toISOString(),
      atRest,
      workflowId,
      peopleAskedNow(after, now),
      JSON.stringify(approvalMerchantEvents(before, after, now)),
      after.tenant,
      JSON.stringify(checkpoints),
      owner,
    ],
  );
  const { closed, enqueued } = requireOwned(rows[0], workflowId);
  return { closed, enqueued, answer: null };
}
