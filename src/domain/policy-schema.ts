import { z } from "zod";
import { isTimeZone, quietWindow, WEEKDAYS, type Calendar } from "./working-hours.ts";

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const DURATION = "write a duration as a number and s, m, h or d, such as 24h";

/** Like `z.strictObject`, and tells which keys there are when one is unknown. */
const object = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: ({ code }) =>
      code === "unrecognized_keys"
        ? `there is no such key; write one of ${Object.keys(shape).join(", ")}`
        : undefined,
  });

const duration = z
  .string(DURATION)
  .regex(/^[1-9]\d*[smhd]$/, DURATION)
  .transform((text) => Number(text.slice(0, -1)) * SECONDS[text.slice(-1) as keyof typeof SECONDS]);

const email = z.email("write an email address, such as finance@example.com");

export const isEmail = (text: string): boolean => email.safeParse(text).success;

/** Names of groups, and addresses. */
const people = z.array(z.string()).min(1, "name at least one person or group");

const gate = object({
  gate: z.string().min(1, "give the gate a name"),
  any_of: people.optional(),
  all_of: people.optional(),
  of: people.optional(),
  need: z.int("write a whole number").min(1, "must be at least 1").optional(),
  confirm: z.literal("amount", "write confirm: amount, or leave it out").optional(),
})
  .refine(
    (g) => [g.any_of, g.all_of, g.of].filter(Boolean).length === 1,
    "needs one of any_of, all_of, or of with need",
  )
  .refine((g) => (g.of === undefined) === (g.need === undefined), "need goes with of, and of with need");

const calendar = object({
  time_zone: z.string().refine(isTimeZone, "write the name of a time zone, such as Europe/Berlin"),
  quiet: z
    .string()
    .refine(
      (text) => quietWindow(text) !== null,
      "write two different times from 00:00 to 23:59, such as 18:00-08:00",
    )
    .nullable()
    .default(null),
  working_days: z
    .array(z.enum(WEEKDAYS, `write days as ${WEEKDAYS.join(", ")}`))
    .min(1, "leave at least one working day, or nobody can ever be asked")
    .default([...WEEKDAYS]),
}) satisfies z.ZodType<Calendar>;

const timing = {
  remind_after: duration,
  escalate_after: duration,
  escalate_to: z.array(email),
  expire_after: duration,
  before_capture_deadline: duration,
};

/** What a tier may say otherwise. */
const otherTiming = {
  remind_after: timing.remind_after.exactOptional(),
  escalate_after: timing.escalate_after.exactOptional(),
  escalate_to: timing.escalate_to.exactOptional(),
  expire_after: timing.expire_after.exactOptional(),
  before_capture_deadline: timing.before_capture_deadline.exactOptional(),
};

const gates = z.array(gate);

const tierObject = object({
  gates,
  on_timeout: z.enum(["approve", "reject"], "write approve or reject").default("reject"),
  timing: object(otherTiming).default({}),
});

type Tier = z.output<typeof tierObject>;

/** Says what is missing and what belongs where something else stands; what a schema says itself goes first. */
export const wording: z.core.$ZodErrorMap = (issue) => {
  if (issue.code !== "invalid_type") return undefined;
  const expected = EXPECTED[issue.expected] ?? `a ${issue.expected}`;
  return issue.input === undefined ? `is missing; add ${expected}` : `write ${expected} here`;
};

const EXPECTED: Record<string, string> = {
  object: "an object of keys and values",
  record: "an object of keys and values",
  array: "a list",
  string: "text",
  int: "a whole number",
  number: "a number",
};

/** A list of gates, or an object that says more. Not a union, since the mistakes of one do not say where they are. */
const tier = z.unknown().transform((value, context): Tier => {
  const parsed = Array.isArray(value)
    ? gates
        .transform((list): Tier => ({ gates: list, on_timeout: "reject", timing: {} }))
        .safeParse(value, { error: wording })
    : tierObject.safeParse(value, { error: wording });
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) context.addIssue({ ...issue });
  return z.NEVER;
});

const amount = z.int("write a whole number in the currency's minor unit").min(0, "must be at least 0");

const table = z
  .array(object({ from: amount, ask: z.string() }))
  .min(1, "write at least one tier, from: 0")
  .refine((tiers) => tiers[0]?.from === 0, "the first tier must start from: 0")
  .refine(
    (tiers) => tiers.every((each, i) => i === 0 || each.from > (tiers[i - 1]?.from ?? 0)),
    "tiers must rise: each from above the one before",
  );

const CURRENCY = /^[A-Z]{3}$/;
const CAPITALS = "write ISO 4217 codes in capitals, such as USD";

const tables = z
  .object({ highest: z.string() })
  .catchall(table)
  .superRefine((value, context) => {
    for (const key of Object.keys(value))
      if (key !== "highest" && !CURRENCY.test(key))
        context.addIssue({ code: "custom", path: [key], message: CAPITALS });
  });

/** One, or a list of which any will do. */
const oneOrMore = <Output>(one: z.ZodType<Output>) =>
  z
    .unknown()
    .transform((value): unknown => (Array.isArray(value) || value === undefined ? value : [value]))
    .pipe(z.array(one).min(1, "write at least one"));

/** An address in which `*` stands for anything. */
const glob = z.string().min(1, "write an address, or a pattern such as *@example.com");

const scalar = z
  .union([z.string(), z.number(), z.boolean()], "write a value, or a list of values")
  .transform(String);

const when = object({
  kind: z.enum(["order", "refund"], "write order or refund").optional(),
  currency: oneOrMore(z.string().regex(CURRENCY, CAPITALS)).optional(),
  amount_from: amount.optional(),
  amount_below: amount.optional(),
  customer: oneOrMore(glob).optional(),
  requested_by: oneOrMore(glob).optional(),
  metadata: z.record(z.string(), oneOrMore(scalar)).optional(),
})
  .refine(
    ({ amount_from, amount_below, currency }) =>
      currency !== undefined || (amount_from === undefined && amount_below === undefined),
    "an amount means nothing without a currency; add currency: [USD]",
  )
  .refine(
    ({ amount_from = 0, amount_below = Infinity }) => amount_from < amount_below,
    "no amount fits; amount_below must be above amount_from",
  );

const rule = object({ name: z.string().min(1, "give the rule a name"), when, ask: z.string() });

/** A whole policy file, as far as each value can be judged by itself. */
export const policySchema = object({
  version: z.literal(1, "this release reads version: 1"),
  groups: z.record(z.string(), z.array(email).min(1, "name at least one person")),
  timing: object({ ...timing, default_calendar: calendar.optional() }),
  people: z.record(z.string(), calendar).default({}),
  tiers: z.record(z.string(), tier),
  rules: z.array(rule).default([]),
  orders: tables,
  refunds: tables,
});

/** What a policy file says, with every default filled in. */
export type PolicyRules = z.output<typeof policySchema>;
export type PolicyGate = PolicyRules["tiers"][string]["gates"][number];
export type PolicyRule = PolicyRules["rules"][number];
