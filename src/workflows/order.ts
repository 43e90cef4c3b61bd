import type { Pool } from "../db/pool.ts";
import type { OrderEffect, OrderMessage } from "../domain/order.ts";
import type { Todo } from "../domain/todo.ts";
import type { Fault } from "../engine/fault.ts";
import { run } from "../engine/loop.ts";
import { orderMachine } from "../engine/machines.ts";
import { WORKFLOW } from "../engine/names.ts";
import { registerLoop } from "../engine/start.ts";
import { announce } from "../engine/wakeups.ts";
import type { Log } from "../log.ts";
import type { PaymentProvider } from "../payments/provider.ts";
import { performOrderEffect } from "./order-effects.ts";
import { attempt } from "./step.ts";

export interface OrderDeps {
  pool: Pool;
  provider: PaymentProvider;
  publicUrl: string;
  log: Log;
  fault: Fault;
}

/**
 * An order: decide, publish, perform, wait for the next message. What happens when is in `domain/order-decide.ts`; this
 * is only the loop that makes it durable.
 */
export function registerOrderWorkflow(deps: OrderDeps): void {
  const { pool, fault } = deps;

  async function perform({ key, effect }: Todo<OrderEffect>, orderId: string): Promise<OrderMessage> {
    const done = await attempt(
      effect.kind,
      fault,
      () => performOrderEffect(deps, orderId, key, effect),
      explain,
    );
    if (!done.ok)
      return { type: "effect.failed", key, reason: done.reason, code: done.code, retry: done.retry };
    return { type: "effect.done", key, result: done.result };
  }

  registerLoop(WORKFLOW.order, (id, segment) =>
    run({
      machine: orderMachine,
      id,
      segment,
      pool,
      fault,
      perform: (work) => perform(work, id),
      onTransition: () => announce(id, segment),
    }),
  );
}

/** A failure in the words of the trail. Whatever is not known to be final is tried again. */
export function explain(error: unknown): { reason: string; code: string; retry: boolean } {
  const reason = error instanceof Error ? error.message : String(error);
  const code =
    error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
  const final = error instanceof Error && "retry" in error && error.retry === false;
  return { reason, code, retry: !final };
}
