import type { ApprovalMessage, Delegation } from "./approval.ts";
import { isConcluded } from "./approval.ts";
import { isActive, openSeats } from "./approval-seats.ts";
import { type Step, SYSTEM, set, tell } from "./approval-step.ts";
import { normalisedAddress } from "./address.ts";
import type { Actor } from "./audit-entry.ts";

// Who stands in for whom, and until when.

type DelegationsMessage = Extract<ApprovalMessage, { type: "delegations" }>;

const isSame = (a: string, b: string): boolean => normalisedAddress(a) === normalisedAddress(b);

/** Somebody will be away, or is back. Two of these may come in any order, and each any number of times. */
export function onDelegations(step: Step, { made, deleted, actor }: DelegationsMessage): Step {
  if (isConcluded(step.state)) return step;
  const undelegated = [...new Set([...(step.state.undelegated ?? []), ...deleted])];
  const forgotten = undelegated.length > 0 ? set(step, { undelegated }) : step;
  return heedDelegations(withDelegations(forgotten, made), actor);
}

/** Takes further delegations into account, each once, and none that was taken back. */
export function withDelegations(step: Step, made: readonly Delegation[]): Step {
  const { delegations, undelegated = [] } = step.state;
  const all = [...new Map([...delegations, ...made].map((each) => [each.id, each])).values()]
    .filter(({ id }) => !undelegated.includes(id))
    .toSorted((a, b) => Date.parse(a.starts_at) - Date.parse(b.starts_at) || (a.id < b.id ? -1 : 1));
  return JSON.stringify(all) === JSON.stringify(delegations) ? step : set(step, { delegations: all });
}

/** Tells once, of each delegation that changes who is asked, that it holds, and that it is over. */
export function heedDelegations(step: Step, actor: Actor = SYSTEM): Step {
  const { state, now } = step;
  const told = state.standing_in ?? [];
  const over = told.filter(
    ({ id }) => !state.delegations.some((delegation) => delegation.id === id && isActive(delegation, now)),
  );
  const fresh = openSeats(state, now).flatMap(({ delegation, mailed }) =>
    delegation?.to === mailed && !told.some(({ id }) => id === delegation.id) ? [delegation] : [],
  );
  if (over.length === 0 && fresh.length === 0) return step;
  const standing_in = [...told.filter((each) => !over.includes(each)), ...fresh];
  const ended = over.reduce((s, delegation) => ending(s, delegation, actor), set(step, { standing_in }));
  return fresh.reduce(
    (s, { id, from, to, ends_at, created_by }) =>
      tell(s, "approval.delegated", actor, {
        delegation_id: id,
        from,
        to,
        until: ends_at,
        by: created_by ?? null,
      }),
    ended,
  );
}

/** The approver decides again, and is asked again; whoever stood in is not, in this place. */
function ending(step: Step, { id, from, to }: Delegation, actor: Actor): Step {
  const { state, now } = step;
  const open = openSeats(state, now);
  const isHolder = open.some(({ holders }) => holders.some((holder) => isSame(holder, to)));
  const isAskedAgain = (person: string) => isSame(person, from) || (isSame(person, to) && !isHolder);
  const rest = set(step, {
    asked: state.asked.filter(({ gate, person }) => gate !== state.gate || !isAskedAgain(person)),
    todo: state.todo.filter(
      ({ effect }) =>
        effect.kind !== "mail" ||
        effect.mail === "outcome" ||
        effect.mail === "notice" ||
        isHolder ||
        !isSame(effect.to, to),
    ),
  });
  if (!open.some(({ approver }) => isSame(approver, from))) return step;
  const because = state.undelegated?.includes(id) ? "taken back" : "over";
  return tell(rest, "approval.delegation_ended", actor, { delegation_id: id, from, to, because });
}
