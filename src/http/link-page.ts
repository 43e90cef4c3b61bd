import type { ApprovalLink } from "../db/approval-links.ts";
import { getOrder } from "../db/orders.ts";
import type { Pool } from "../db/pool.ts";
import type { ApprovalState, PeopleChange, Vote } from "../domain/approval.ts";
import { approvalView, hasVoted, openSeats } from "../domain/approval-seats.ts";
import { nextSteps, type NextStep } from "../domain/approval-steps.ts";
import { formatMoney } from "../domain/money.ts";
import { normalisedAddress } from "../domain/address.ts";
import { amountOf } from "../mail/wording.ts";
import { confirmPage, decidedPage, expiredPage, revokedPage, supersededPage } from "./pages/index.ts";

/** A link that was opened, and what has become of the question behind it. */
export interface OpenedLink {
  link: ApprovalLink;
  state: ApprovalState;
}

const isSame = (a: string, b: string): boolean => normalisedAddress(a) === normalisedAddress(b);

/** The vote that was cast through this link, if any. */
export const voteOf = ({ link, state }: OpenedLink): Vote | undefined =>
  state.votes.find(
    (vote) =>
      vote.gate === link.gate && vote.revision === link.revision && isSame(vote.approver, link.approver),
  );

/** Whether this person has a place at the open gate that nobody has decided in. */
const hasPlace = (state: ApprovalState, person: string, now: Date): boolean =>
  !hasVoted(state, person) &&
  openSeats(state, now).some((seat) => seat.holders.some((holder) => isSame(holder, person)));

export const isDecidable = ({ link, state }: OpenedLink, now: Date): boolean =>
  state.status === "pending" &&
  link.gate === state.gate &&
  link.revision === state.revision &&
  hasPlace(state, link.approver, now);

/** What has to be typed to approve at the link's gate, such as `12,500.00`; null: nothing. */
export function amountToType({ link, state }: OpenedLink): string | null {
  if (!state.plan.gates[link.gate]?.confirm_amount) return null;
  return amountOf(state.subject).split(" ")[0] || null;
}

interface Extra {
  error?: string;
  comment?: string;
  just_now?: boolean;
}

/** The page that fits what has become of the question. */
export async function linkPage(
  pool: Pool,
  opened: OpenedLink,
  { error, comment, just_now = false }: Extra = {},
): Promise<string> {
  const { link, state } = opened;
  const now = new Date();
  const asked = state.subject;
  const gate = state.plan.gates[link.gate];
  if (isDecidable(opened, now) && gate)
    return confirmPage({
      asked,
      approver: link.approver,
      gate,
      stage: { number: link.gate + 1, of: state.plan.gates.length },
      votes: state.votes.filter((vote) => vote.revision === state.revision),
      deadline_at: state.deadline_at,
      next: nextSteps(state),
      content_hash: state.content_hash,
      confirm_amount: amountToType(opened),
      changes: state.amendments.at(-1)?.changes ?? [],
      ...(error === undefined ? {} : { error }),
      ...(comment === undefined ? {} : { comment }),
    });
  const happened = await whatHappened(pool, state);
  const fresh_link =
    state.status === "pending" && hasPlace(state, link.approver, now) ? { to: link.approver } : null;
  const ended = { asked, at: state.concluded?.at ?? state.deadline_at, fresh_link, happened };
  if (state.status === "expired") return expiredPage({ ...ended, because: "approval" });
  if (state.status === "withdrawn")
    return revokedPage({
      ...ended,
      because: { kind: "withdrawn", reason: state.concluded?.comment ?? "it is no longer needed" },
    });
  if (link.revision < state.revision) {
    const since = state.amendments.filter((amendment) => amendment.revision > link.revision);
    return supersededPage({
      ...ended,
      at: since.at(-1)?.at ?? ended.at,
      changes: since.flatMap((amendment) => amendment.changes),
      next: state.status === "pending" ? waiting(state, now) : [],
    });
  }
  const own = voteOf(opened);
  const change = own ? undefined : changeOf(opened);
  if (change)
    return revokedPage({
      ...ended,
      // Whose link was taken back need not see what it was about.
      asked: null,
      at: change.at,
      happened: [],
      because: change.to === null ? { kind: "revoked" } : { kind: "reassigned", to: change.to },
    });
  const votes = state.votes.filter((vote) => vote.revision === state.revision);
  const vote = own ?? votes.findLast((v) => v.gate === link.gate) ?? votes.at(-1) ?? null;
  if (vote === null && state.status === "pending")
    return revokedPage({ ...ended, because: { kind: "revoked" } });
  return decidedPage({
    asked,
    status: state.status,
    vote,
    yours: own !== undefined,
    just_now,
    votes: votes.filter((v) => v !== vote),
    happened,
    next: state.status === "pending" ? waiting(state, now) : nextSteps(state),
  });
}

/** How this link's approver lost the place that it was mailed for. */
const changeOf = ({ link, state }: OpenedLink): PeopleChange | undefined =>
  state.people.findLast((change) => change.gate === link.gate && isSame(change.from, link.approver));

const waiting = (state: ApprovalState, now: Date): NextStep[] => [
  { when: "then", what: `${approvalView(state, now).waiting_for.join(", ")} decide` },
  ...nextSteps(state),
];

/** What the order did since, in a line. */
async function whatHappened(pool: Pool, state: ApprovalState): Promise<NextStep[]> {
  const order = state.order_id === null ? null : await getOrder(pool, state.tenant, state.order_id);
  if (!order || state.status === "pending") return [];
  const { status, facts, payment } = order.state;
  const captured = formatMoney({ amount: payment.amount_captured, currency: facts.currency });
  const what =
    payment.amount_captured > 0
      ? `${captured} was captured; the order is ${status.replaceAll("_", " ")}`
      : payment.status === "canceled"
        ? `the authorization was released and nothing was charged; the order is ${status.replaceAll("_", " ")}`
        : `the order is ${status.replaceAll("_", " ")}`;
  return [{ when: order.updated_at.toISOString(), what }];
}
