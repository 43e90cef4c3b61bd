import type { Actor, AuditDraft } from "./audit-entry.ts";
import type { AlertKind, EndStatus, Ending, OrderEffect, OrderState, OrderStatus } from "./order.ts";
import { type Todo, postponed, todo } from "./todo.ts";

export const SYSTEM: Actor = { type: "system", id: "countersign" };
export const CUSTOMER: Actor = { type: "customer", id: "customer" };

/** The provider that this order's payment is with. */
export const providerOf = ({ state }: Step): Actor => ({ type: "provider", id: state.facts.provider });

/** A state on its way to the next, with what there is to tell. Every rule takes one and returns one. */
export interface Step {
  state: OrderState;
  entries: AuditDraft[];
  now: Date;
  /** The work whose outcome this is: when it turns out that it has to be done again, it waits as after a failure. */
  answered?: Todo<OrderEffect>;
}

export const later = (now: Date, seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString();

export const set = (step: Step, change: Partial<OrderState>): Step => ({
  ...step,
  state: { ...step.state, ...change },
});

export const tell = (step: Step, type: string, actor: Actor, data: Record<string, unknown> = {}): Step => ({
  ...step,
  entries: [...step.entries, { type, actor, data }],
});

/** What an effect is about, beyond its kind: an order has one payment, but several refunds and approvals. */
const objectOf = (effect: OrderEffect): string | null =>
  "approval_id" in effect
    ? effect.approval_id
    : effect.kind === "refund"
      ? effect.refund_id
      : effect.kind === "alert_operator"
        ? `${effect.alert}:${effect.about}`
        : effect.kind === "erase_rest"
          ? effect.erasure_id
          : null;

/** Asks for work, unless the same is already under way: at most one capture is ever outstanding. */
export function ask(step: Step, effect: OrderEffect): Step {
  const same = (other: OrderEffect) => other.kind === effect.kind && objectOf(other) === objectOf(effect);
  if (step.state.todo.some((work) => same(work.effect))) return step;
  const serial = step.state.serial + 1;
  const work = todo(`${step.state.facts.id}:${effect.kind}:${serial}`, effect, step.now);
  const { answered } = step;
  const waits = answered !== undefined && same(answered.effect);
  const asked = waits ? postponed({ ...work, attempts: answered.attempts }, step.now) : work;
  return set(step, { serial, todo: [...step.state.todo, asked] });
}

/** Tells a person who runs this service, by mail, and the trail that it did. `about`: the id of what it is about. */
export const alert = (
  step: Step,
  kind: AlertKind,
  about: string,
  problem: string,
  until: string | null = null,
): Step =>
  ask(tell(step, "operator.alerted", SYSTEM, { alert: kind, about, problem, until }), {
    kind: "alert_operator",
    alert: kind,
    about,
    problem,
    until,
    at: step.now.toISOString(),
  });

export const drop = (step: Step, kind: OrderEffect["kind"]): Step =>
  set(step, { todo: step.state.todo.filter((work) => work.effect.kind !== kind) });

/** What no longer applies is answered, not thrown: an entry that says why, and the same state. */
export const ignored = (
  step: Step,
  what: string,
  actor: Actor,
  because: string,
  data: Record<string, unknown> = {},
): Step => tell(step, "message.ignored", actor, { message: what, because, ...data });

/** The order will end like this; its money is given back first. */
export const end = (step: Step, ending: Ending): Step =>
  step.state.ending || step.state.ended_at ? step : set(step, { ending });

export const become = (step: Step, to: OrderStatus): Step =>
  step.state.status === to ? step : set(step, { status: to });

export function finish(step: Step, to: EndStatus, reason: string | null): Step {
  const ended = set(step, { status: to, ended_at: step.now.toISOString() });
  return tell(ended, `order.${to}`, SYSTEM, reason === null ? {} : { reason });
}
