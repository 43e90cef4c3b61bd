import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parsePolicy, PolicyError, reviewPolicy } from "../../src/domain/policy-parse.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../../fixtures/policies/${name}.yaml`, import.meta.url), "utf8");
const example = fixture("example");

test.each(["default", "example"])("the policy %s has nothing to mend", (name) => {
  expect(reviewPolicy(fixture(name)).warnings).toEqual([]);
});

/** The example with passages changed, each of which is there once. */
const changed = (...changes: [from: string, to: string][]): string =>
  changes.reduce((text, [from, to]) => {
    expect(text.split(from)).toHaveLength(2);
    return text.replace(from, () => to);
  }, example);

/** The example without one of its parts. */
const without = (part: string): string => example.replace(new RegExp(`^${part}:.*\\n((  .*|)\\n)*`, "m"), "");

/** What is wrong, as an operator reads it; the line is found by the text that stands there. */
function mistakes(text: string): string[] {
  try {
    parsePolicy(text);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    expect(error.message).not.toContain("\n");
    return error.message.split("; line ").map((each) => each.replace(/^line /, ""));
  }
  return expect.fail("it was accepted");
}

const lineOf = (text: string, part: string): number => {
  expect(text).toContain(part);
  return text.slice(0, text.indexOf(part)).split("\n").length;
};

/** Name, a passage, what stands there instead, and what is said, of the line of the passage or of another one. */
const WRONG: [name: string, from: string, to: string, said: string, at?: string][] = [
  ["an unknown version", "version: 1", "version: 7", "version: this release reads version: 1"],
  [
    "a key of no policy",
    "groups:\n",
    "extra: 1\ngroups:\n",
    "extra: there is no such key; write one of version, groups, timing, people, tiers, rules, orders, refunds",
  ],
  [
    "a misspelled key",
    "escalate_after: 48h",
    "escalate_aftr: 48h",
    "timing.escalate_aftr: there is no such key; write one of remind_after, escalate_after, escalate_to, expire_after, before_capture_deadline, default_calendar",
  ],
  [
    "a duration without a unit",
    "expire_after: 5d",
    "expire_after: 5",
    "timing.expire_after: write a duration as a number and s, m, h or d, such as 24h",
  ],
  [
    "a duration of nothing",
    "expire_after: 5d",
    "expire_after: 0d",
    "timing.expire_after: write a duration as a number and s, m, h or d, such as 24h",
  ],
  [
    "a group without people",
    "risk: [risk@example.com, fraud@example.com]",
    "risk: []",
    "groups.risk: name at least one person",
  ],
  [
    "a group of names",
    "[cfo@example.com, ceo@example.com, coo@example.com]",
    "[cfo, ceo@example.com, coo@example.com]",
    "groups.management.0: write an email address, such as finance@example.com",
  ],
  [
    "somebody twice in a group",
    "[cfo@example.com, ceo@example.com, coo@example.com]",
    "[cfo@example.com, ceo@example.com, CEO+x@example.com]",
    "groups.management.2: CEO+x@example.com and ceo@example.com are one; write it once",
  ],
  [
    "somebody twice among the contacts",
    "escalate_to: [cfo@example.com]",
    "escalate_to: [cfo@example.com, cfo@example.com]",
    "timing.escalate_to.1: cfo@example.com is here twice; write it once",
  ],
  [
    "somebody twice among a tier's contacts",
    "[ceo@example.com, coo@example.com] }",
    "[ceo@example.com, Ceo@example.com] }",
    "tiers.risky.timing.escalate_to.1: Ceo@example.com and ceo@example.com are one; write it once",
  ],
  [
    "somebody twice at a gate",
    "all_of: [risk]",
    "all_of: [risk, risk]",
    "tiers.risky.gates.0.all_of.1: risk is here twice; write it once",
  ],
  [
    "somebody twice among the people",
    "fraud@example.com: {",
    "CEO@example.com: {",
    "people.CEO@example.com: CEO@example.com and ceo@example.com are one; write it once",
  ],
  [
    "a calendar of nobody",
    "fraud@example.com: {",
    "fraud: {",
    "people.fraud: write an email address, such as finance@example.com",
  ],
  [
    "an unknown time zone",
    "time_zone: Asia/Tokyo",
    "time_zone: Asia/Atlantis",
    "people.coo@example.com.time_zone: write the name of a time zone, such as Europe/Berlin",
  ],
  [
    "a calendar without a time zone",
    "fraud@example.com: { time_zone: Europe/Berlin }",
    "fraud@example.com: {}",
    "people.fraud@example.com.time_zone: is missing; add text",
  ],
  [
    "a window that is none",
    'quiet: "19:00-09:00"',
    "quiet: at night",
    "people.coo@example.com.quiet: write two different times from 00:00 to 23:59, such as 18:00-08:00",
  ],
  [
    "a window of the whole day",
    'quiet: "19:00-09:00"',
    'quiet: "09:00-09:00"',
    "people.coo@example.com.quiet: write two different times from 00:00 to 23:59, such as 18:00-08:00",
  ],
  [
    "a window without quotes, which YAML reads as text",
    'quiet: "19:00-09:00"',
    "quiet: 19:00-24:00",
    "people.coo@example.com.quiet: write two different times from 00:00 to 23:59, such as 18:00-08:00",
  ],
  [
    "a weekday that is none",
    "[mon, tue, wed, thu, fri, sat]",
    "[mon, tues]",
    "people.coo@example.com.working_days.1: write days as sun, mon, tue, wed, thu, fri, sat",
  ],
  [
    "no working day",
    "[mon, tue, wed, thu, fri, sat]",
    "[]",
    "people.coo@example.com.working_days: leave at least one working day, or nobody can ever be asked",
  ],
  [
    "an unknown group",
    "all_of: [risk]",
    "all_of: [risc]",
    "tiers.risky.gates.0.all_of.0: risc is neither a group nor an email address; write one of finance, management, risk",
  ],
  [
    "somebody without a host",
    "all_of: [risk]",
    "all_of: [risk@localhost]",
    "tiers.risky.gates.0.all_of.0: risk@localhost is neither a group nor an email address; write one of finance, management, risk",
  ],
  [
    "a group that is only a word of JavaScript",
    "all_of: [risk]",
    "all_of: [constructor]",
    "tiers.risky.gates.0.all_of.0: constructor is neither a group nor an email address; write one of finance, management, risk",
  ],
  [
    "more people than there are",
    "need: 2",
    "need: 4",
    "tiers.two.1.need: needs 4 of only 3 people; write at most 3",
  ],
  ["nobody needed", "need: 2", "need: 0", "tiers.two.1.need: must be at least 1"],
  ["half a person", "need: 2", "need: 1.5", "tiers.two.1.need: write a whole number"],
  ["of without need", ", need: 2", "", "tiers.two.1: need goes with of, and of with need"],
  [
    "two kinds of quorum",
    "of: [management], need: 2",
    "any_of: [management], all_of: [finance]",
    "tiers.two.1: needs one of any_of, all_of, or of with need",
  ],
  [
    "a gate of nobody",
    "all_of: [risk]",
    "all_of: []",
    "tiers.risky.gates.0.all_of: name at least one person or group",
  ],
  [
    "an unknown confirmation",
    "need: 2, confirm: amount",
    "need: 2, confirm: yes",
    "tiers.two.1.confirm: write confirm: amount, or leave it out",
  ],
  [
    "an unknown key of a gate",
    "need: 2, confirm: amount",
    "need: 2, quorum: 2",
    "tiers.two.1.quorum: there is no such key; write one of gate, any_of, all_of, of, need, confirm",
  ],
  [
    "an outcome that is none",
    "on_timeout: approve",
    "on_timeout: ask again",
    "tiers.silent.on_timeout: write approve or reject",
  ],
  [
    "a bad duration of a tier",
    "remind_after: 12h",
    "remind_after: 12",
    "tiers.silent.timing.remind_after: write a duration as a number and s, m, h or d, such as 24h",
  ],
  [
    "a calendar of a tier",
    "remind_after: 12h",
    "default_calendar: 12h",
    "tiers.silent.timing.default_calendar: there is no such key; write one of remind_after, escalate_after, escalate_to, expire_after, before_capture_deadline",
  ],
  [
    "a tier that is neither list nor object",
    "none: []",
    "none: nobody",
    "tiers.none: write an object of keys and values here",
  ],
  [
    "a rule without a tier",
    "    ask: silent",
    "    # nothing",
    "rules.2.ask: is missing; add text",
    "- name: goodwill",
  ],
  [
    "a rule of an unknown tier",
    "    ask: silent",
    "    ask: quiet",
    "rules.2.ask: there is no tier quiet; write one of none, one, silent, two, risky",
  ],
  [
    "two rules of one name",
    "name: goodwill",
    "name: risky",
    "rules.2.name: risky is the name of an earlier rule; give it another",
  ],
  [
    "an unknown condition",
    "{ kind: order, customer:",
    "{ kind: order, buyer:",
    "rules.1.when.buyer: there is no such key; write one of kind, currency, amount_from, amount_below, customer, requested_by, metadata",
  ],
  [
    "an unknown kind",
    "{ kind: order, customer:",
    "{ kind: purchase, customer:",
    "rules.1.when.kind: write order or refund",
  ],
  [
    "a condition's currency in small letters",
    "currency: EUR",
    "currency: eur",
    "rules.1.when.currency.0: write ISO 4217 codes in capitals, such as USD",
  ],
  [
    "an amount without a currency",
    "currency: EUR, amount_below",
    "amount_below",
    "rules.1.when: an amount means nothing without a currency; add currency: [USD]",
  ],
  [
    "a range of no amount",
    "amount_from: 10000",
    "amount_from: 50000",
    "rules.2.when: no amount fits; amount_below must be above amount_from",
  ],
  [
    "an amount in words",
    "amount_from: 10000",
    "amount_from: 100 EUR",
    "rules.2.when.amount_from: write a whole number in the currency's minor unit",
  ],
  [
    "metadata of metadata",
    "risk: [high, severe]",
    "risk: { is: high }",
    "rules.0.when.metadata.risk.0: write a value, or a list of values",
  ],
  [
    "a condition of no value",
    "risk: [high, severe]",
    "risk: []",
    "rules.0.when.metadata.risk: write at least one",
  ],
  [
    "a customer that is none",
    'customer: "*@shop.example.com"',
    "customer: 7",
    "rules.1.when.customer.0: write text here",
  ],
  [
    "a tier that is not defined",
    "{ from: 800000, ask: two }",
    "{ from: 800000, ask: three }",
    "orders.GBP.2.ask: there is no tier three; write one of none, one, silent, two, risky",
  ],
  [
    "a tier that is only a word of JavaScript",
    "highest: two",
    "highest: toString",
    "orders.highest: there is no tier toString; write one of none, one, silent, two, risky",
  ],
  [
    "tiers that fall",
    "{ from: 800000, ask: two }",
    "{ from: 8, ask: two }",
    "orders.GBP: tiers must rise: each from above the one before",
  ],
  [
    "a gap below the first tier",
    "GBP: [{ from: 0,",
    "GBP: [{ from: 5,",
    "orders.GBP: the first tier must start from: 0",
  ],
  [
    "an amount in decimals",
    "{ from: 800000, ask: two }",
    "{ from: 8000.50, ask: two }",
    "orders.GBP.2.from: write a whole number in the currency's minor unit",
  ],
  [
    "an amount below nothing",
    "{ from: 800000, ask: two }",
    "{ from: -1, ask: two }",
    "orders.GBP.2.from: must be at least 0",
  ],
  [
    "a table that is empty",
    "GBP: [{ from: 0, ask: none }, { from: 80000, ask: one }, { from: 800000, ask: two }]",
    "GBP: []",
    "orders.GBP: write at least one tier, from: 0",
  ],
  [
    "a currency in small letters",
    "  GBP:",
    "  gbp:",
    "orders.gbp: write ISO 4217 codes in capitals, such as USD",
  ],
  ["an unknown anchor", "all_of: [risk]", "all_of: *people", "there is no anchor &people above this alias"],
  [
    "a key that is there twice",
    "  risk: [risk@example.com",
    "  finance: [risk@example.com",
    "Map keys must be unique",
  ],
];

describe("a policy that cannot be used says the line, the place and the remedy:", () => {
  test.each(WRONG)("%s", (_, from, to, said, at?: string) => {
    expect(mistakes(changed([from, to]))).toContain(`${lineOf(example, at ?? from)}: ${said}`);
  });

  test("a part that is missing", () => {
    expect(mistakes(without("refunds"))).toEqual([
      "1: refunds: is missing; add an object of keys and values",
    ]);
  });

  test("nothing at all", () => {
    expect(mistakes("")).toEqual(["1: write an object of keys and values here"]);
  });

  test("YAML that is none", () => {
    expect(mistakes("version: 1\ngroups: [\n")).toEqual([
      expect.stringMatching(/^3: Flow sequence .* end with a \]$/),
    ]);
  });

  test("a second document", () => {
    expect(mistakes(`${example}---\na: 1\n`)).toEqual([
      `${example.split("\n").length}: a policy is one document; take this line out`,
    ]);
  });

  test("aliases without end", () => {
    // Each line names the one before ten times.
    const bomb = [..."bcdefghij"].map((name, i) => {
      const tenfold = Array(10).fill(`*${"abcdefghi"[i]}`).join(", ");
      return `${name}: &${name} [${tenfold}]`;
    });
    expect(mistakes(["a: &a [x]", ...bomb].join("\n"))).toEqual([
      expect.stringContaining("Excessive alias count"),
    ]);
  });

  test("all of them at once, by line", () => {
    const text = changed(
      ["expire_after: 5d", "expire_after: 5"],
      ["need: 2", "need: 0"],
      ["name: risky", "nam: risky"],
    );
    expect(mistakes(text)).toEqual([
      `${lineOf(text, "expire_after: 5")}: timing.expire_after: write a duration as a number and s, m, h or d, such as 24h`,
      `${lineOf(text, "need: 0")}: tiers.two.1.need: must be at least 1`,
      `${lineOf(text, "nam: risky")}: rules.0.name: is missing; add text`,
      `${lineOf(text, "nam: risky")}: rules.0.nam: there is no such key; write one of name, when, ask`,
    ]);
  });
});

describe("a policy that is hardly meant warns of", () => {
  const HARDLY_MEANT: [name: string, from: string, to: string, said: string][] = [
    [
      "a rule that is never reached",
      'requested_by: ["robot@example.com", "*@automation.example.com"]',
      "kind: refund, currency: EUR, amount_from: 20000, amount_below: 30000",
      "rules.3: rule by-the-robot is never reached: rule goodwill holds wherever it does; put it first",
    ],
    [
      "one behind a rule without conditions",
      "when: { metadata: { risk: [high, severe] } }",
      "when: {}",
      "rules.1: rule our-own-shop is never reached: rule risky holds wherever it does; put it first",
    ],
    [
      "a group that no gate names",
      "all_of: [risk]",
      "all_of: [risk@example.com, fraud@example.com]",
      "groups.risk: no gate names this group; name it somewhere, or take it out",
    ],
    [
      "a person whom nobody asks",
      "fraud@example.com: {",
      "somebody@example.com: {",
      "people.somebody@example.com: nobody asks this person; name it somewhere, or take it out",
    ],
    [
      "a reminder after the end",
      "remind_after: 12h",
      "remind_after: 3d",
      "tiers.silent.timing.remind_after: is no earlier than expire_after in tier silent, so an earlier moment is taken; make it shorter",
    ],
  ];

  test.each(HARDLY_MEANT)("%s", (_, from, to, said) => {
    const { warnings } = reviewPolicy(changed([from, to]));
    expect(warnings.map(({ path, message }) => `${path}: ${message}`)).toContain(said);
  });

  test("something, and names its line", () => {
    const text = changed(["fraud@example.com: {", "somebody@example.com: {"]);
    expect(reviewPolicy(text).warnings.map(({ line }) => line)).toEqual([lineOf(text, "somebody@")]);
  });
});
