import type { Fault } from "../engine/fault.ts";
import { orderMachine } from "../engine/machines.ts";
import { attempt } from "./attempt.ts";
import { performOrderEffect, type OrderEffectDeps } from "./order-effects.ts";
import { registerMachine } from "./register.ts";

export interface OrderDeps extends OrderEffectDeps {
  fault: Fault;
}

/** An order's workflow. What happens when is in `domain/order-decide.ts`, and how it is done in `order-effects.ts`. */
export const registerOrderWorkflow = (deps: OrderDeps): void =>
  registerMachine(orderMachine, deps, (id, work) =>
    attempt(work, deps.fault, () => performOrderEffect(deps, id, work.key, work.effect)),
  );
