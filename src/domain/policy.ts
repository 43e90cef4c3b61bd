import { distinctPeople, normalisedAddress } from "./address.ts";
import { holdsFor, type PolicySubject } from "./policy-condition.ts";
import type { PolicyGate, PolicyRules } from "./policy-schema.ts";
import type { Calendar } from "./working-hours.ts";

export type { PolicySubject } from "./policy-condition.ts";

/** One question to a set of people: it passes when `need` of them approve and fails when one rejects. */
export interface Gate {
  name: string;
  need: number;
  approvers: string[];
  /** Whoever approves types the amount. Absent in plans from before there was such a gate: not asked for. */
  confirm_amount?: boolean;
}

/**
 * What the policy asks for one subject, together with the version of the policy that said so. It is stored with what it is
 * asked for, so an edit of the policy changes nothing that is under way; what is optional is absent in earlier plans.
 */
export interface ApprovalPlan {
  policy_version: string;
  /** What in the policy asked, such as `rule risky` or `orders.USD from 100000`. Absent: not recorded. */
  because?: string;
  gates: Gate[];
  /** Why nobody can ever approve, so that it is to be rejected at once. Absent or null: it can be approved. */
  obstacle?: string | null;
  remind_after_s: number;
  escalate_after_s: number;
  escalate_to: string[];
  expire_after_s: number;
  before_capture_deadline_s: number;
  /** What the deadline decides. Absent: `reject`. */
  on_timeout?: "reject" | "approve";
  /** By normalised address, of those who may not be disturbed at any time. Absent: nobody. */
  calendars?: Record<string, Calendar>;
  /** Of everybody else, such as people who stand in for others. Absent: they may be. */
  default_calendar?: Calendar;
}

/** When this person may be disturbed; undefined: at any time. */
export const calendarOf = (
  { calendars, default_calendar }: Pick<ApprovalPlan, "calendars" | "default_calendar">,
  person: string,
): Calendar | undefined => calendars?.[normalisedAddress(person)] ?? default_calendar;

export type SubjectKind = PolicySubject["kind"];

export interface Policy {
  /** SHA-256 of the file, first 12 digits: an approval keeps the version that it was asked under. */
  version: string;
  rules: PolicyRules;
}

/** Which tier the policy asks for a subject, and what in it says so: the first rule that holds, else the table of its currency. */
export function tierFor({ rules }: Policy, subject: PolicySubject): { tier: string; because: string } {
  const rule = rules.rules.find(({ when }) => holdsFor(when, subject));
  if (rule) return { tier: rule.ask, because: `rule ${rule.name}` };
  const kind = subject.kind === "order" ? "orders" : "refunds";
  const currency = subject.currency.toUpperCase();
  const table = Object.hasOwn(rules[kind], currency) ? rules[kind][currency] : undefined;
  const row = Array.isArray(table) ? table.findLast(({ from }) => subject.amount >= from) : undefined;
  return row
    ? { tier: row.ask, because: `${kind}.${currency} from ${row.from}` }
    : { tier: rules[kind].highest, because: `${kind}.highest, as ${currency} has no table` };
}

/** The people behind names of groups and addresses, each once. */
export const membersOf = ({ groups }: PolicyRules, names: string[]): string[] =>
  distinctPeople(names.flatMap((name) => (Object.hasOwn(groups, name) ? (groups[name] ?? []) : [name])));

/**
 * What the policy asks for this subject: null when nobody is asked. Whoever requested it is never among the approvers nor
 * among the escalation contacts (four-eyes); when that leaves too few people, the contacts take their place, and when even
 * they are too few, the plan has an `obstacle`.
 */
export function planApproval(policy: Policy, subject: PolicySubject): ApprovalPlan | null {
  const { tier, because } = tierFor(policy, subject);
  return planTier(policy, tier, because, subject);
}

/** What a tier asks for this subject, whoever named the tier; null when it asks nobody or does not exist. */
export function planTier(
  policy: Policy,
  name: string,
  because: string,
  subject: Pick<PolicySubject, "requested_by">,
): ApprovalPlan | null {
  const { rules } = policy;
  const tier = Object.hasOwn(rules.tiers, name) ? rules.tiers[name] : undefined;
  if (!tier || tier.gates.length === 0) return null;
  const timing = { ...rules.timing, ...tier.timing };
  const contacts = withoutRequester(distinctPeople(timing.escalate_to), subject);
  const gates = tier.gates.map((gate) => planGate(rules, gate, subject, contacts));
  const short = gates.find(({ need, approvers }) => approvers.length < need);
  return {
    policy_version: policy.version,
    because,
    gates,
    obstacle: short ? tooFew(short) : null,
    remind_after_s: timing.remind_after,
    escalate_after_s: timing.escalate_after,
    escalate_to: contacts,
    expire_after_s: timing.expire_after,
    before_capture_deadline_s: timing.before_capture_deadline,
    // Time must not do what no person could.
    on_timeout: short ? "reject" : tier.on_timeout,
    ...calendarsOf(rules, [...gates.flatMap(({ approvers }) => approvers), ...contacts]),
  };
}

function planGate(
  rules: PolicyRules,
  gate: PolicyGate,
  subject: Pick<PolicySubject, "requested_by">,
  contacts: string[],
): Gate {
  const named = membersOf(rules, gate.any_of ?? gate.all_of ?? gate.of ?? []);
  const others = withoutRequester(named, subject);
  const more = contacts.filter((contact) => !includesPerson(others, contact));
  const need = gate.all_of ? named.length : (gate.need ?? 1);
  // Where all are asked, one contact stands in for each who may not, so that nobody's voice is outvoted.
  const stand_ins = gate.all_of ? more.slice(0, need - others.length) : more;
  const approvers = others.length >= need ? others : [...others, ...stand_ins];
  return {
    name: gate.gate,
    // All the others are all of them; of a number of people, fewer are not enough.
    need: gate.all_of ? Math.min(need, Math.max(approvers.length, 1)) : need,
    approvers,
    confirm_amount: gate.confirm === "amount",
  };
}

const includesPerson = (people: string[], person: string): boolean =>
  people.some((each) => normalisedAddress(each) === normalisedAddress(person));

const withoutRequester = (
  people: string[],
  { requested_by }: Pick<PolicySubject, "requested_by">,
): string[] =>
  requested_by === null
    ? people
    : people.filter((person) => normalisedAddress(person) !== normalisedAddress(requested_by));

const tooFew = ({ name, need, approvers }: Gate): string =>
  approvers.length === 0
    ? `gate ${name}: nobody but whoever requested it could approve`
    : `gate ${name}: ${need} must approve, and only ${approvers.length} may`;

/** Of everybody whom the policy lists, since others than `people` may come to decide: by delegation, in somebody's place. */
export function calendarsOf(
  { people: listed, timing: { default_calendar } }: PolicyRules,
  people: string[],
): Pick<ApprovalPlan, "calendars" | "default_calendar"> {
  const usual = default_calendar
    ? people.map((person) => [normalisedAddress(person), default_calendar] as const)
    : [];
  const own = Object.entries(listed).map(
    ([address, calendar]) => [normalisedAddress(address), calendar] as const,
  );
  return {
    calendars: Object.fromEntries([...usual, ...own]),
    ...(default_calendar ? { default_calendar } : {}),
  };
}
