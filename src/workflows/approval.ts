import type { ApprovalState } from "../domain/approval.ts";
import { approvalMachine } from "../engine/machines.ts";
import type { Transition } from "../engine/transition.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { performApprovalEffect, type ApprovalEffectDeps } from "./approval-effects.ts";
import { attempt, type AttemptDeps } from "./attempt.ts";
import { registerMachine } from "./register.ts";

export interface ApprovalDeps extends ApprovalEffectDeps, AttemptDeps {
  metrics: Metrics;
}

/** An approval's workflow: ask, remind, escalate, count votes, tell the order. The rules are in `domain/approval.ts`. */
export const registerApprovalWorkflow = (deps: ApprovalDeps): void =>
  registerMachine(
    approvalMachine,
    { ...deps, onTransition: (transition) => tell(deps.metrics, deps.log, transition) },
    (id, work) => attempt(work, deps, () => performApprovalEffect(deps, id, work.key, work.effect)),
  );

function tell(metrics: Metrics, log: Log, { before, after, now, first }: Transition<ApprovalState>): void {
  metrics.approval(before, after, now, first);
  if (before.status === after.status) return;
  const about = { approval_id: after.id, ...(after.order_id === null ? {} : { order_id: after.order_id }) };
  log.info({ ...about, from: before.status, status: after.status }, "approval moved");
}
