import type { ApprovalState } from "../domain/approval.ts";
import { peopleAskedNow } from "../domain/approval-seats.ts";
import { storableJson } from "../domain/storable.ts";
import type { Commit } from "./commit.ts";

/** Writes one transition of an approval: its row alone with whom it waits for, since what happened is told to the order, whose trail it is. */
export async function commitApproval({
  tx,
  id,
  workflowId,
  after,
  now,
  atRest,
}: Commit<ApprovalState>): Promise<{ closed: boolean }> {
  const { rows } = await tx.query<{ closed: boolean }>(
    `update countersign.approvals
        set state = $2, status = $3, updated_at = $4, steps = steps + 1,
            waiting_for = $7, segment_open = not $5 or exists (
              select from dbos.notifications where destination_uuid = $6 and topic = 'message' and consumed = false)
      where id = $1
      returning not segment_open as closed`,
    [
      id,
      storableJson(after),
      after.status,
      now.toISOString(),
      atRest,
      workflowId,
      peopleAskedNow(after, now),
    ],
  );
  return { closed: rows[0]?.closed ?? false };
}
