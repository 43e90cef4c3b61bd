import type { Pool } from "../db/pool.ts";
import type { ApprovalEffect, ApprovalMessage } from "../domain/approval.ts";
import type { LinkSecret } from "../domain/approval-token.ts";
import type { Todo } from "../domain/todo.ts";
import type { Fault } from "../engine/fault.ts";
import { run } from "../engine/loop.ts";
import { approvalMachine } from "../engine/machines.ts";
import { WORKFLOW } from "../engine/names.ts";
import { registerLoop } from "../engine/start.ts";
import { announce } from "../engine/wakeups.ts";
import type { Log } from "../log.ts";
import type { Mailer } from "../mail/transport.ts";
import { performApprovalEffect } from "./approval-effects.ts";
import { explain } from "./order.ts";
import { attempt } from "./step.ts";

export interface ApprovalDeps {
  pool: Pool;
  mailer: Mailer;
  /** Links are signed with this one. */
  linkSecret: LinkSecret;
  publicUrl: string;
  log: Log;
  fault: Fault;
}

/** An approval: ask, remind, escalate, count votes, and tell the order. The rules are in `domain/approval.ts`. */
export function registerApprovalWorkflow(deps: ApprovalDeps): void {
  const { pool, fault } = deps;

  async function perform({ key, effect }: Todo<ApprovalEffect>, id: string): Promise<ApprovalMessage> {
    const done = await attempt(
      effect.kind,
      fault,
      () => performApprovalEffect(deps, id, key, effect),
      explain,
    );
    if (!done.ok)
      return { type: "effect.failed", key, reason: done.reason, code: done.code, retry: done.retry };
    return { type: "effect.done", key, result: done.result };
  }

  registerLoop(WORKFLOW.approval, (id, segment) =>
    run({
      machine: approvalMachine,
      id,
      segment,
      pool,
      fault,
      perform: (work) => perform(work, id),
      onTransition: () => announce(id, segment),
    }),
  );
}
