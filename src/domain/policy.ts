import { createHash } from "node:crypto";
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document } from "yaml";
import { z } from "zod";
import type { Money } from "./money.ts";

/** One question to a set of people: it passes when `need` of them approve and fails when one rejects. */
export interface Gate {
  name: string;
  need: number;
  approvers: string[];
}

/** What the policy asks for one amount, together with the version of the policy that said so. */
export interface ApprovalPlan {
  policy_version: string;
  gates: Gate[];
  remind_after_s: number;
  escalate_after_s: number;
  escalate_to: string[];
  expire_after_s: number;
  before_capture_deadline_s: number;
}

export type SubjectKind = "order" | "refund";

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

const DURATION = "write a duration as a number and s, m, h or d, such as 24h";

const duration = z
  .string(DURATION)
  .regex(/^[1-9]\d*[smhd]$/, DURATION)
  .transform((text) => Number(text.slice(0, -1)) * SECONDS[text.slice(-1) as keyof typeof SECONDS]);

const email = z.email("must be an email address");

const gate = z
  .strictObject({
    gate: z.string().min(1),
    any_of: z.array(z.string()).min(1).optional(),
    all_of: z.array(z.string()).min(1).optional(),
    of: z.array(z.string()).min(1).optional(),
    need: z.int().min(1).optional(),
  })
  .refine(
    (g) => [g.any_of, g.all_of, g.of].filter(Boolean).length === 1,
    "needs one of any_of, all_of, or of with need",
  )
  .refine((g) => (g.of === undefined) === (g.need === undefined), "need goes with of, and of with need");

const table = z
  .array(z.strictObject({ from: z.int().min(0), ask: z.string() }))
  .min(1)
  .refine((tiers) => tiers[0]?.from === 0, "the first tier must start from: 0")
  .refine(
    (tiers) => tiers.every((tier, i) => i === 0 || tier.from > (tiers[i - 1]?.from ?? 0)),
    "tiers must rise: each from above the one before",
  );

const tables = z
  .object({ highest: z.string() })
  .catchall(table)
  .superRefine((value, context) => {
    const message = "tables are named by ISO 4217 codes in capitals, such as USD";
    for (const key of Object.keys(value))
      if (key !== "highest" && !/^[A-Z]{3}$/.test(key))
        context.addIssue({ code: "custom", path: [key], message });
  });

const schema = z.strictObject({
  version: z.literal(1, "this release reads version: 1"),
  groups: z.record(z.string(), z.array(email).min(1)),
  timing: z.strictObject({
    remind_after: duration,
    escalate_after: duration,
    escalate_to: z.array(email),
    expire_after: duration,
    before_capture_deadline: duration,
  }),
  tiers: z.record(z.string(), z.array(gate)),
  orders: tables,
  refunds: tables,
});

export interface Policy {
  /** SHA-256 of the file, first 12 digits: an approval keeps the version that it was asked under. */
  version: string;
  rules: z.output<typeof schema>;
}

export class PolicyError extends Error {
  override readonly name = "PolicyError";
}

/**
 * Reads a policy from YAML.
 * @throws PolicyError naming the line and the remedy.
 */
export function parsePolicy(text: string): Policy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const syntax = document.errors[0];
  if (syntax) throw new PolicyError(syntax.message.split(":\n")[0]);
  const lineOf = (offset: number): string => `line ${lines.linePos(offset).line}`;
  const at = (path: PropertyKey[]): string => lineOf(offsetOf(document, path));
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document)) return;
      const remedy = `there is no anchor &${alias.source} above this alias`;
      throw new PolicyError(`${lineOf(alias.range?.[0] ?? 0)}: ${remedy}`);
    },
  });
  const parsed = schema.safeParse(valueOf(document));
  if (!parsed.success) {
    const issues = parsed.error.issues.map((i) => {
      const path = i.code === "unrecognized_keys" ? [...i.path, ...i.keys.slice(0, 1)] : i.path;
      return `${at(path)}: ${i.path.join(".") || "policy"}: ${i.message}`;
    });
    throw new PolicyError(issues.join("; "));
  }
  const rules = parsed.data;
  for (const [name, tier] of Object.entries(rules.tiers))
    tier.forEach((g, i) => {
      const names = g.any_of ?? g.all_of ?? g.of ?? [];
      const unknown = names.find((n) => !Object.hasOwn(rules.groups, n) && !n.includes("@"));
      const where = at(["tiers", name, i]);
      if (unknown)
        throw new PolicyError(`${where}: tiers.${name}: ${unknown} is neither a group nor an email address`);
      const people = membersOf(rules, names).length;
      if ((g.need ?? 1) > people)
        throw new PolicyError(`${where}: tiers.${name}: needs ${g.need} of only ${people} people`);
    });
  for (const kind of ["orders", "refunds"] as const)
    for (const [currency, value] of Object.entries(rules[kind])) {
      const asked = typeof value === "string" ? [value] : value.map((tier) => tier.ask);
      const missing = asked.find((ask) => !Object.hasOwn(rules.tiers, ask));
      if (missing)
        throw new PolicyError(`${at([kind, currency])}: ${kind}.${currency}: there is no tier ${missing}`);
    }
  return { version: createHash("sha256").update(text).digest("hex").slice(0, 12), rules };
}

/** Where the value at this path, or the nearest one above it, begins: at its key when it has one. */
function offsetOf({ contents }: Document, path: PropertyKey[]): number {
  let node: unknown = contents;
  let offset = 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part);
      if (isScalar(pair?.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair?.value;
    } else if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      if (isMap(node) || isScalar(node)) offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

/** @throws PolicyError when aliases multiply without end. */
function valueOf(document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new PolicyError(`line 1: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** One person, one spelling: an address in lower case without a `+tag`, so that nobody counts twice. */
export function normalisedAddress(address: string): string {
  const [local = "", domain = ""] = address.trim().toLowerCase().split("@");
  return `${local.split("+")[0]}@${domain}`;
}

/** Each person once, under one address. */
const distinct = (addresses: string[]): string[] => [
  ...new Map(addresses.map((a) => [normalisedAddress(a), a.toLowerCase()])).values(),
];

const membersOf = ({ groups }: Policy["rules"], names: string[]): string[] =>
  distinct(names.flatMap((name) => (Object.hasOwn(groups, name) ? (groups[name] ?? []) : [name])));

/**
 * What the policy asks for this amount: null when nobody is asked. Whoever requested it is never among the approvers
 * (four-eyes); when that leaves too few people, the escalation contacts take their place.
 */
export function planApproval(
  policy: Policy,
  kind: SubjectKind,
  { amount, currency }: Money,
  requestedBy: string | null,
): ApprovalPlan | null {
  const { rules } = policy;
  const byCurrency = kind === "order" ? rules.orders : rules.refunds;
  const tiers = byCurrency[currency.toUpperCase()];
  const ask = Array.isArray(tiers) ? tiers.findLast((tier) => amount >= tier.from)?.ask : byCurrency.highest;
  const gates = rules.tiers[ask ?? byCurrency.highest] ?? [];
  if (gates.length === 0) return null;
  const requester = requestedBy === null ? null : normalisedAddress(requestedBy);
  const others = (addresses: string[]) =>
    addresses.filter((address) => normalisedAddress(address) !== requester);
  return {
    policy_version: policy.version,
    gates: gates.map((g) => {
      const approvers = others(membersOf(rules, g.any_of ?? g.all_of ?? g.of ?? []));
      const need = g.all_of ? membersOf(rules, g.all_of).length : (g.need ?? 1);
      const filled =
        approvers.length >= need ? approvers : distinct([...approvers, ...others(rules.timing.escalate_to)]);
      return { name: g.gate, need: Math.min(need, Math.max(filled.length, 1)), approvers: filled };
    }),
    remind_after_s: rules.timing.remind_after,
    escalate_after_s: rules.timing.escalate_after,
    escalate_to: distinct(others(rules.timing.escalate_to)),
    expire_after_s: rules.timing.expire_after,
    before_capture_deadline_s: rules.timing.before_capture_deadline,
  };
}
