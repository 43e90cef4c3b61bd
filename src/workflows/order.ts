import type { OrderState } from "../domain/order.ts";
import { orderMachine } from "../engine/machines.ts";
import type { Transition } from "../engine/transition.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { attempt, type AttemptDeps } from "./attempt.ts";
import { performOrderEffect, type OrderEffectDeps } from "./order-effects.ts";
import { registerMachine } from "./register.ts";

export interface OrderDeps extends OrderEffectDeps, AttemptDeps {
  metrics: Metrics;
}

/** An order's workflow. What happens when is in `domain/order-decide.ts`, and how it is done in `order-effects.ts`. */
export const registerOrderWorkflow = (deps: OrderDeps): void =>
  registerMachine(
    orderMachine,
    { ...deps, onTransition: (transition) => tell(deps.metrics, deps.log, transition) },
    (id, work, state) => attempt(work, deps, () => performOrderEffect(deps, id, work, state)),
  );

function tell(metrics: Metrics, log: Log, { before, after, now }: Transition<OrderState>): void {
  metrics.order(before, after, now);
  if (before.status !== after.status)
    log.info({ order_id: after.facts.id, from: before.status, status: after.status }, "order moved");
}
