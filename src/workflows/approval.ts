import type { Fault } from "../engine/fault.ts";
import { approvalMachine } from "../engine/machines.ts";
import { performApprovalEffect, type ApprovalEffectDeps } from "./approval-effects.ts";
import { attempt } from "./attempt.ts";
import { registerMachine } from "./register.ts";

export interface ApprovalDeps extends ApprovalEffectDeps {
  fault: Fault;
}

/** An approval's workflow: ask, remind, escalate, count votes, tell the order. The rules are in `domain/approval.ts`. */
export const registerApprovalWorkflow = (deps: ApprovalDeps): void =>
  registerMachine(approvalMachine, deps, (id, work) =>
    attempt(work, deps.fault, () => performApprovalEffect(deps, id, work.key, work.effect)),
  );
