import type { WhyAsked } from "../../domain/approval-people.ts";
import type { Gate } from "../../domain/policy.ts";
import { formatMoney } from "../../domain/money.ts";
import { oneLine } from "../markup.ts";
import {
  headlineOf,
  DECIDED,
  formatWhen,
  gateRule,
  listed,
  purposeOf,
  type Asked,
  type CastVote,
  type Change,
  type NextStep,
} from "../wording.ts";
import type { Block, Row } from "./blocks.ts";

/** What every mail that asks somebody shows. Times are RFC 3339, amounts minor units. */
export interface AskView {
  asked: Asked;
  /** Who reads it. */
  approver: string;
  /** The open gate, and its place in the sequence from 1. */
  gate: Gate;
  stage: { number: number; of: number };
  /** Decisions so far, of this gate and those before. */
  votes: readonly CastVote[];
  deadline_at: string;
  /** The approver's own link. */
  link: string;
  next?: readonly NextStep[];
  /** Against the revision that was asked about before, when this one replaces it. */
  changes?: readonly Change[];
  /** IANA name; UTC when absent. */
  time_zone?: string;
  /** How they come to be asked; by the policy when absent. */
  why?: WhyAsked;
  /** SHA-256 of what is asked, in hex: the same is on the page and in the trail. */
  content_hash?: string;
}

/** Enough of a hash for people to compare: `abcd ef01 2345 6789`. */
export const fingerprint = (hash: string): string => (hash.slice(0, 16).match(/.{1,4}/g) ?? []).join(" ");

export const amountBlock = (asked: Asked): Block => ({
  kind: "amount",
  amount: headlineOf(asked),
  purpose: purposeOf(asked),
});

export const factRows = (asked: Asked): Row[] => [
  ["Customer", asked.customer && oneLine(asked.customer)],
  ["Description", asked.description],
  ["Reason", asked.reason],
  ["Requested by", asked.requested_by && oneLine(asked.requested_by)],
];

/** The items, when they are known. */
export function itemBlocks({ items, currency }: Asked): Block[] {
  if (items.length === 0 || currency === null) return [];
  const money = (amount: number) => formatMoney({ amount, currency });
  return [
    {
      kind: "items",
      rows: items.map((item) => ({
        name: item.sku,
        quantity: item.quantity,
        each: money(item.unit_amount),
        total: money(item.unit_amount * item.quantity),
      })),
      total: money(items.reduce((sum, item) => sum + item.unit_amount * item.quantity, 0)),
    },
  ];
}

export const stepsBlocks = (title: string, steps: readonly NextStep[] = [], zone?: string): Block[] =>
  steps.length === 0
    ? []
    : [{ kind: "steps", title, rows: steps.map((s) => [formatWhen(s.when, zone), s.what] as const) }];

export const changeBlocks = (changes: readonly Change[] = []): Block[] =>
  changes.length === 0
    ? []
    : [
        {
          kind: "steps",
          title: "What changed",
          rows: changes.map(
            (c) => [c.field, `${oneLine(c.before) || "(none)"} → ${oneLine(c.after) || "(none)"}`] as const,
          ),
        },
      ];

export const voteText = (vote: CastVote, zone?: string): string =>
  `${oneLine(vote.approver)} ${DECIDED[vote.decision]} on ${formatWhen(vote.at, zone)}` +
  (vote.comment?.trim() ? `: “${oneLine(vote.comment, 300)}”` : "");

/** How somebody comes to be asked, as the rest of "because …". */
export function whyText({
  why = { kind: "policy" },
  approver,
  gate,
  time_zone: zone,
}: Pick<AskView, "why" | "approver" | "gate" | "time_zone">): string {
  const [person, name] = [oneLine(approver), `“${oneLine(gate.name, 60)}”`];
  switch (why.kind) {
    case "policy":
      return `the approval policy names ${person} for ${name}`;
    case "request":
      return `the request names ${person} for ${name}`;
    case "reassigned":
      return `${person} is asked in place of ${oneLine(why.from)} for ${name}`;
    case "delegate":
      return `${person} decides for ${oneLine(why.from)}, who is away until ${formatWhen(why.until, zone)}, for ${name}`;
  }
}

/** Who decides, and by which rule. */
export function gateText(gate: Gate): string {
  const rule = gateRule(gate);
  return gate.approvers.length === 1 ? rule : `${rule}: ${listed(gate.approvers)}`;
}

const isSame = (a: string, b: string) => a.trim().toLowerCase() === b.trim().toLowerCase();

/** Everything of an asking mail but its heading and its last line. */
export function askBlocks(view: AskView): Block[] {
  const { asked, time_zone: zone } = view;
  const others = view.gate.approvers.filter((address) => !isSame(address, view.approver));
  return [
    amountBlock(asked),
    ...changeBlocks(view.changes),
    { kind: "facts", rows: [...factRows(asked), ["Decide by", formatWhen(view.deadline_at, zone)]] },
    { kind: "button", label: "Review and decide", link: view.link },
    ...itemBlocks(asked),
    {
      kind: "facts",
      rows: [
        ["Who decides", gateRule(view.gate)],
        ["Also asked", others.length > 0 ? listed(others) : null],
        ["Stage", view.stage.of > 1 ? `${view.stage.number} of ${view.stage.of}` : null],
        ["Decided so far", view.votes.map((vote) => voteText(vote, zone)).join("\n")],
        ["Fingerprint", view.content_hash ? fingerprint(view.content_hash) : null],
      ],
    },
    ...stepsBlocks("What happens next", view.next, zone),
  ];
}
