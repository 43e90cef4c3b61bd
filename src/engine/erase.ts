import { insertErasure } from "../db/erasures.ts";
import { maskResponses } from "../db/idempotency-keys.ts";
import { readTrail } from "../db/audit-index.ts";
import { deletePersonal } from "../db/audit-personal.ts";
import { lockApprovalsOf, rewriteApproval } from "../db/approvals.ts";
import { closePayload, openPayload } from "../db/payloads.ts";
import type { Tx } from "../db/pool.ts";
import { erasedApproval } from "../domain/approval-erase.ts";
import type { AuditEntry } from "../domain/audit-entry.ts";
import type { ErasedCounts, OrderFacts, OrderState } from "../domain/order.ts";
import { maskDraft, plainValues } from "../domain/personal.ts";
import type { Customer } from "../domain/personal-fields.ts";
import { maskRecord } from "../domain/personal-records.ts";
import type { Commit } from "./commit.ts";
import { PUBLISH_STEP, TOPIC, workflowId } from "./names.ts";
import { CHECKPOINT } from "./serializer.ts";

/** Whether this transition erases the order's personal data. */
export const isErasing = ({ before, after }: Pick<Commit<OrderState>, "before" | "after">): boolean =>
  after.erasure !== undefined && after.erasure.id !== before.erasure?.id;

/**
 * Takes away what is stored of an order's personal data beside its row, within the transaction that writes the erasure: values
 * beside the trail, its approvals, kept answers, and what the engine keeps of messages, events and work. The inbox is searched
 * afterwards, as work of the order. The rows' locks are taken in one order everywhere: the order's, then its approvals'.
 * @returns the transition, its entry saying what was found
 */
export async function eraseStored(commit: Commit<OrderState>): Promise<Commit<OrderState>> {
  const { tx, id, before, after, row } = commit;
  const { facts, refunds } = before;
  const customers = [facts.customer];
  const approvals = await lockApprovalsOf(tx, id);
  for (const { id: approval, state } of approvals)
    await rewriteApproval(tx, approval, erasedApproval(state, facts.customer));
  const entries_kept = await countPlain(tx, facts, customers);
  const workflows = [
    ...segmentsOf(id, row.segment),
    ...approvals.flatMap((approval) => segmentsOf(approval.id, approval.segment)),
  ];
  const found: ErasedCounts = {
    values: await deletePersonal(tx, id),
    approvals: approvals.length,
    answers: await maskResponses(tx, [id, ...refunds.map((refund) => refund.id)], (response) =>
      maskRecord(response, customers),
    ),
    ...(await eraseTraces(tx, workflows, customers)),
    entries_kept,
  };
  await eraseEvents(tx, segmentsOf(id, row.segment), workflowId(id, row.segment));
  await insertErasure(tx, before);
  const erasedAt = commit.entries.findLastIndex(({ type }) => type === "order.erased");
  return {
    ...commit,
    after: after.erasure ? { ...after, erasure: { ...after.erasure, found } } : after,
    recording: {
      ...commit.recording,
      checkpoints: commit.recording.checkpoints.map((checkpoint) =>
        checkpoint.function_name === PUBLISH_STEP
          ? checkpoint
          : { ...checkpoint, output: maskText(checkpoint.output, customers) ?? checkpoint.output },
      ),
    },
    // What was said before it, in the same transition, is not kept either.
    entries: commit.entries.map((entry, i) =>
      i < erasedAt
        ? maskDraft(entry, customers)
        : i === erasedAt
          ? { ...entry, data: { ...entry.data, found } }
          : entry,
    ),
  };
}

/** What messages and work of an order and its approvals have left since the erasure: late reports, say. */
export async function eraseLeft(tx: Tx, orderId: string, segment: number): Promise<void> {
  const approvals = await lockApprovalsOf(tx, orderId);
  await eraseTraces(
    tx,
    [
      ...segmentsOf(orderId, segment),
      ...approvals.flatMap((approval) => segmentsOf(approval.id, approval.segment)),
    ],
    [],
  );
}

const segmentsOf = (id: string, last: number): string[] =>
  Array.from({ length: last + 1 }, (_, segment) => workflowId(id, segment));

/** Entries whose own text holds personal values: they were written before values were kept beside the trail. */
async function countPlain(tx: Tx, { id, tenant }: OrderFacts, customers: Customer[]): Promise<number> {
  const rows = await readTrail(tx, tenant, id, { after: -1, limit: 2 ** 31 - 1 });
  return rows.filter(
    ({ text }) => text !== null && plainValues(JSON.parse(text) as AuditEntry, customers) > 0,
  ).length;
}

/**
 * Messages that were taken are never read again, only their keys; of checkpoints a replay reads the shape. One that was not
 * taken yet stays as it is.
 */
async function eraseTraces(
  tx: Tx,
  workflows: string[],
  customers: Customer[],
): Promise<Pick<ErasedCounts, "messages" | "checkpoints">> {
  const messages = await tx.query(
    `update dbos.notifications set message = '{"type":"erased"}'
      where destination_uuid = any($1) and topic = '${TOPIC}' and consumed and message <> '{"type":"erased"}'`,
    [workflows],
  );
  const { rows } = await tx.query<{
    workflow: string;
    step: number;
    output: string | null;
    error: string | null;
  }>(
    `select workflow_uuid as workflow, function_id as step, output, error from dbos.operation_outputs
      where workflow_uuid = any($1)`,
    [workflows],
  );
  const masked = rows
    .map((row) => ({
      ...row,
      masked: maskText(row.output, customers),
      cause: maskText(row.error, customers),
    }))
    .filter((row) => row.masked !== row.output || row.cause !== row.error)
    .map(({ workflow, step, masked: output, cause: error }) => ({ workflow, step, output, error }));
  await tx.query(
    `update dbos.operation_outputs o set output = m.output, error = m.error
       from json_to_recordset($1) as m(workflow text, step int, output text, error text)
      where o.workflow_uuid = m.workflow and o.function_id = m.step`,
    [JSON.stringify(masked)],
  );
  return { messages: messages.rowCount ?? 0, checkpoints: masked.length };
}

function maskText(text: string | null, customers: Customer[]): string | null {
  if (text === null) return null;
  try {
    const plain = openPayload(text, CHECKPOINT);
    const masked = JSON.stringify(maskRecord(JSON.parse(plain), customers));
    return masked === plain ? text : closePayload(masked, CHECKPOINT);
  } catch {
    return JSON.stringify("(erased)");
  }
}

/** Only the newest segment's events are read; this transition writes those that change. */
async function eraseEvents(tx: Tx, workflows: string[], newest: string): Promise<void> {
  await tx.query("delete from dbos.workflow_events where workflow_uuid = any($1) and workflow_uuid <> $2", [
    workflows,
    newest,
  ]);
  await tx.query("delete from dbos.workflow_events_history where workflow_uuid = any($1)", [workflows]);
}
