import { normalisedAddress } from "./address.ts";
import { covers } from "./policy-condition.ts";
import { membersOf } from "./policy.ts";
import { isEmail, type PolicyGate, type PolicyRules } from "./policy-schema.ts";

/** Something to say about the value at a path. */
export interface Finding {
  path: PropertyKey[];
  message: string;
}

/** What makes a policy unusable though each of its values is well formed. */
export const mistakesOf = (rules: PolicyRules): Finding[] => [
  ...Object.entries(rules.groups).flatMap(([name, people]) => repeated(["groups", name], people)),
  ...repeated(["timing", "escalate_to"], rules.timing.escalate_to),
  ...peopleMistakes(Object.keys(rules.people)),
  ...Object.entries(rules.tiers).flatMap(([name, { gates, timing }]) => [
    ...gates.flatMap((gate, i) => gateMistakes(rules, ["tiers", name, "gates", i], gate)),
    ...repeated(["tiers", name, "timing", "escalate_to"], timing.escalate_to ?? []),
  ]),
  ...asksOf(rules).flatMap(({ path, tier }) =>
    Object.hasOwn(rules.tiers, tier)
      ? []
      : [{ path, message: `there is no tier ${tier}; ${known(rules.tiers)}` }],
  ),
  ...rules.rules.flatMap(({ name }, i) =>
    rules.rules.findIndex((each) => each.name === name) < i
      ? [{ path: ["rules", i, "name"], message: `${name} is the name of an earlier rule; give it another` }]
      : [],
  ),
];

/** What can be used and is hardly meant. */
export const warningsOf = (rules: PolicyRules): Finding[] => [
  ...rules.rules.flatMap((rule, i) => {
    const earlier = rules.rules.slice(0, i).find(({ when }) => covers(when, rule.when));
    const message = `rule ${rule.name} is never reached: rule ${earlier?.name} holds wherever it does; put it first`;
    return earlier ? [{ path: ["rules", i], message }] : [];
  }),
  ...unusedOf(rules),
  ...Object.entries(rules.tiers).flatMap(([name, tier]) => {
    const { remind_after, escalate_after, expire_after } = { ...rules.timing, ...tier.timing };
    const late = [
      ...(remind_after >= expire_after ? ["remind_after"] : []),
      ...(escalate_after >= expire_after ? ["escalate_after"] : []),
    ];
    return tier.gates.length === 0
      ? []
      : late.map((key) => ({
          path: key in tier.timing ? ["tiers", name, "timing", key] : ["timing", key],
          message: `is no earlier than expire_after in tier ${name}, so an earlier moment is taken; make it shorter`,
        }));
  }),
];

/** Every place that names a tier. */
const asksOf = (rules: PolicyRules): { path: PropertyKey[]; tier: string }[] => [
  ...rules.rules.map(({ ask }, i) => ({ path: ["rules", i, "ask"], tier: ask })),
  ...(["orders", "refunds"] as const).flatMap((kind) =>
    Object.entries(rules[kind]).flatMap(([currency, table]) =>
      typeof table === "string"
        ? [{ path: [kind, currency], tier: table }]
        : table.map(({ ask }, i) => ({ path: [kind, currency, i, "ask"], tier: ask })),
    ),
  ),
];

function gateMistakes(rules: PolicyRules, path: PropertyKey[], gate: PolicyGate): Finding[] {
  const key = gate.any_of ? "any_of" : gate.all_of ? "all_of" : "of";
  const names = gate[key] ?? [];
  const strangers = names.flatMap((name, i) =>
    Object.hasOwn(rules.groups, name) || isEmail(name)
      ? []
      : [
          {
            path: [...path, key, i],
            message: `${name} is neither a group nor an email address; ${known(rules.groups)}`,
          },
        ],
  );
  const most = membersOf(rules, names).length;
  return [
    ...strangers,
    ...repeated([...path, key], names),
    ...(strangers.length === 0 && (gate.need ?? 1) > most
      ? [
          {
            path: [...path, "need"],
            message: `needs ${gate.need} of only ${most} people; write at most ${most}`,
          },
        ]
      : []),
  ];
}

const peopleMistakes = (people: string[]): Finding[] => [
  ...people.flatMap((address) =>
    isEmail(address)
      ? []
      : [{ path: ["people", address], message: "write an email address, such as finance@example.com" }],
  ),
  ...people.flatMap((address, i) => sameAs(["people", address], address, people.slice(0, i))),
];

/** Whoever is named twice in a list. */
const repeated = (path: PropertyKey[], people: string[]): Finding[] =>
  people.flatMap((person, i) => sameAs([...path, i], person, people.slice(0, i)));

function sameAs(path: PropertyKey[], person: string, before: string[]): Finding[] {
  const first = before.find((each) => normalisedAddress(each) === normalisedAddress(person));
  if (first === undefined) return [];
  const message =
    first === person
      ? `${person} is here twice; write it once`
      : `${person} and ${first} are one; write it once`;
  return [{ path, message }];
}

/** Groups and people that nothing names; a tier may be named by whoever asks for an approval. */
function unusedOf(rules: PolicyRules): Finding[] {
  const named = Object.values(rules.tiers).flatMap(({ gates }) =>
    gates.flatMap((gate) => gate.any_of ?? gate.all_of ?? gate.of ?? []),
  );
  const contacts = [
    ...rules.timing.escalate_to,
    ...Object.values(rules.tiers).flatMap(({ timing }) => timing.escalate_to ?? []),
  ];
  const reached = new Set([...membersOf(rules, named), ...contacts].map(normalisedAddress));
  const without = (section: "groups" | "people", used: (name: string) => boolean, what: string) =>
    Object.keys(rules[section])
      .filter((name) => !used(name))
      .map((name) => ({ path: [section, name], message: `${what}; name it somewhere, or take it out` }));
  return [
    ...without("groups", (name) => named.includes(name), "no gate names this group"),
    ...without("people", (address) => reached.has(normalisedAddress(address)), "nobody asks this person"),
  ];
}

const known = (named: Record<string, unknown>): string => `write one of ${Object.keys(named).join(", ")}`;
