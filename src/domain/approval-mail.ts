import type { ApprovalEffect, ApprovalMessage } from "./approval.ts";
import { openSeats } from "./approval-seats.ts";
import { type Step, ask, set, SYSTEM, tell } from "./approval-step.ts";
import { escalate } from "./approval-times.ts";
import { normalisedAddress } from "./address.ts";
import { postponed, worthTelling } from "./todo.ts";

// What became of mails and reports.

type Of<Type> = Extract<ApprovalMessage, { type: Type }>;
type Mail = Extract<ApprovalEffect, { kind: "mail" }>;

/** For how long an address that does not answer is tried again. */
const CALLED_BACK_FOR_MS = 3 * 86_400_000;

export function onDone(step: Step, { key }: Of<"effect.done">): Step {
  const work = step.state.todo.find((t) => t.key === key);
  if (!work) return step;
  const rest = set(step, { todo: step.state.todo.filter((t) => t.key !== key) });
  const { effect } = work;
  if (effect.kind === "callback")
    return tell(rest, "approval.called_back", SYSTEM, { event: effect.event, attempts: work.attempts + 1 });
  return effect.kind === "mail"
    ? tell(rest, "mail.sent", SYSTEM, {
        to: effect.to,
        mail: effect.mail,
        number: effect.number,
        attempts: work.attempts + 1,
      })
    : rest;
}

export function onFailed(step: Step, failed: Of<"effect.failed">): Step {
  const work = step.state.todo.find((t) => t.key === failed.key);
  if (!work) return step;
  const { effect } = work;
  const late = effect.kind === "callback" && step.now.getTime() - Date.parse(effect.at) > CALLED_BACK_FOR_MS;
  if ((failed.retry && !late) || effect.kind === "report") {
    const again = postponed(work, step.now);
    // In its place: reports keep their order.
    const waiting = set(step, { todo: step.state.todo.map((t) => (t === work ? again : t)) });
    return worthTelling(again.attempts) && effect.kind === "mail"
      ? tell(waiting, "mail.deferred", SYSTEM, {
          to: effect.to,
          reason: failed.reason,
          attempts: again.attempts,
          retry_at: again.due_at,
        })
      : waiting;
  }
  const rest = set(step, { todo: step.state.todo.filter((t) => t !== work) });
  if (effect.kind === "callback")
    return tell(rest, "approval.callback_failed", SYSTEM, { event: effect.event, reason: failed.reason });
  if (effect.kind !== "mail") return rest;
  const refused = tell(rest, "mail.refused", SYSTEM, { to: effect.to, reason: failed.reason });
  return onUnreachable(refused, effect.to, failed.reason, asksSomebody(effect));
}

const asksSomebody = ({ mail }: Pick<Mail, "mail">): boolean => mail !== "outcome" && mail !== "notice";

/** A mail that was taken came back later. */
export function onBounced(step: Step, { to, number, reason, permanent }: Of<"bounced">): Step {
  const told = tell(step, permanent ? "mail.bounced" : "mail.delayed", SYSTEM, { to, number, reason });
  const waits = openSeats(step.state, step.now).some((seat) =>
    seat.holders.some((holder) => normalisedAddress(holder) === normalisedAddress(to)),
  );
  return permanent ? onUnreachable(told, to, reason, waits) : told;
}

/** Nobody waits in silence for a person who gets no mail: the next are asked, and the operator is told. */
function onUnreachable(step: Step, to: string, reason: string, waits: boolean): Step {
  const at = step.now.toISOString();
  const alerted = ask(step, { kind: "alert_operator", to, reason, at });
  return waits ? escalate(alerted, `mail to ${to} was refused`) : alerted;
}
