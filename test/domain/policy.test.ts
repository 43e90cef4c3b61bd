import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalisedAddress } from "../../src/domain/address.ts";
import { parsePolicy, PolicyError } from "../../src/domain/policy-parse.ts";
import { planApproval, type PolicySubject } from "../../src/domain/policy.ts";
import { runs } from "./property.ts";

const text = readFileSync(new URL("../../fixtures/policies/default.yaml", import.meta.url), "utf8");
const policy = parsePolicy(text);

/** An order of 1 cent that nobody in particular requested. */
const subject = (change: Partial<PolicySubject> = {}): PolicySubject => ({
  kind: "order",
  amount: 1,
  currency: "usd",
  customer: "buyer@example.com",
  metadata: {},
  requested_by: null,
  ...change,
});

const asked = (kind: "order" | "refund", amount: number, currency: string) =>
  planApproval(policy, subject({ kind, amount, currency }))?.gates.map((gate) => gate.name) ?? [];

describe("the default policy", () => {
  test.each([
    ["usd", 100_000, 1_000_000],
    ["eur", 100_000, 1_000_000],
    ["gbp", 80_000, 800_000],
    ["jpy", 150_000, 1_500_000],
  ])("asks for orders in %s from %i on, and two gates from %i on", (currency, one, two) => {
    expect(asked("order", 0, currency)).toEqual([]);
    expect(asked("order", one - 1, currency)).toEqual([]);
    expect(asked("order", one, currency)).toEqual(["finance"]);
    expect(asked("order", two - 1, currency)).toEqual(["finance"]);
    expect(asked("order", two, currency)).toEqual(["finance", "management"]);
    expect(asked("order", Number.MAX_SAFE_INTEGER, currency)).toEqual(["finance", "management"]);
  });

  test.each([
    ["usd", 50_000],
    ["eur", 50_000],
    ["gbp", 40_000],
    ["jpy", 75_000],
  ])("asks for refunds in %s from %i on", (currency, from) => {
    expect(asked("refund", from - 1, currency)).toEqual([]);
    expect(asked("refund", from, currency)).toEqual(["finance"]);
    expect(asked("refund", from * 1_000, currency)).toEqual(["finance"]);
  });

  test("asks as for the highest amount in a currency that it does not know", () => {
    expect(asked("order", 1, "chf")).toEqual(["finance", "management"]);
    expect(asked("refund", 1, "chf")).toEqual(["finance"]);
  });

  test("never asks whoever requested it, in any spelling", () => {
    const plan = planApproval(policy, subject({ amount: 1_000_000, requested_by: "Finance+x@Example.com" }));
    expect(plan?.gates).toEqual([
      { name: "finance", need: 1, approvers: ["controller@example.com"], confirm_amount: false },
      { name: "management", need: 1, approvers: ["cfo@example.com"], confirm_amount: false },
    ]);
    expect(plan?.obstacle).toBeNull();
    const cfo = planApproval(policy, subject({ amount: 1_000_000, requested_by: "cfo@example.com" }));
    expect(cfo?.gates[1]).toEqual({ name: "management", need: 1, approvers: [], confirm_amount: false });
    expect(cfo?.escalate_to).toEqual([]);
    expect(cfo?.obstacle).toBe("gate management: nobody but whoever requested it could approve");
  });

  test("is known by its text", () => {
    expect(policy.version).toMatch(/^[0-9a-f]{12}$/);
    expect(parsePolicy(`${text}\n`).version).not.toBe(policy.version);
  });
});

/** The default policy with one passage changed. */
const broken = (from: string, to: string): string => {
  expect(text).toContain(from);
  return text.replace(from, to);
};

/** Each line names the one before ten times. */
const bomb = [..."bcdefghij"]
  .map((name, i) => `${name}: &${name} [${Array(10).fill(`*${"abcdefghi"[i]}`).join(", ")}]`)
  .join("\n");

describe("a policy that cannot be used", () => {
  test.each([
    ["an unknown version", broken("version: 1", "version: 7"), 3, "this release reads version: 1"],
    ["a duration without a unit", broken("remind_after: 24h", "remind_after: 24"), 10, "duration"],
    [
      "a duration in words",
      broken("expire_after: 5d", "expire_after: five days"),
      13,
      "write a duration as a number",
    ],
    [
      "a group member without an address",
      broken("[cfo@example.com]\n\ntiming", "[cfo]\n\ntiming"),
      7,
      "email address",
    ],
    [
      "an unknown group",
      broken("one: [{ gate: finance, any_of: [finance] }]", "one: [{ gate: x, any_of: [finanse] }]"),
      19,
      "finanse is neither a group nor an email address",
    ],
    [
      "a group that is only a word of JavaScript",
      broken("one: [{ gate: finance, any_of: [finance] }]", "one: [{ gate: x, any_of: [constructor] }]"),
      19,
      "constructor is neither a group nor an email address",
    ],
    [
      "more people than there are",
      broken("any_of: [management] }", "of: [management], need: 3 }"),
      22,
      "needs 3 of only 1 people",
    ],
    [
      "need without of",
      broken("any_of: [management] }", "any_of: [management], need: 1 }"),
      22,
      "need goes with of",
    ],
    [
      "two kinds of quorum",
      broken("any_of: [management] }", "any_of: [management], all_of: [finance] }"),
      22,
      "needs one of any_of, all_of",
    ],
    [
      "a tier that is not defined",
      broken("{ from: 800000, ask: two }", "{ from: 800000, ask: three }"),
      28,
      "there is no tier three",
    ],
    [
      "a tier that is only a word of JavaScript",
      broken("{ from: 800000, ask: two }", "{ from: 800000, ask: toString }"),
      28,
      "there is no tier toString",
    ],
    ["tiers that fall", broken("{ from: 800000, ask: two }", "{ from: 8, ask: two }"), 28, "tiers must rise"],
    [
      "a gap below the first tier",
      broken("GBP: [{ from: 0,", "GBP: [{ from: 5,"),
      28,
      "the first tier must start from: 0",
    ],
    [
      "an amount in decimals",
      broken("{ from: 800000, ask: two }", "{ from: 800000.5, ask: two }"),
      28,
      "write a whole number",
    ],
    [
      "a currency in small letters",
      broken(
        "  GBP: [{ from: 0, ask: none }, { from: 80000,",
        "  gbp: [{ from: 0, ask: none }, { from: 80000,",
      ),
      28,
      "ISO 4217 codes in capitals",
    ],
    ["a misspelled key", broken("escalate_after: 48h", "escalate_aftr: 48h"), 11, "escalate_aftr"],
    ["a missing part", text.slice(0, text.indexOf("refunds:")), 1, "refunds"],
    [
      "an unknown anchor",
      broken("any_of: [management]", "any_of: *people"),
      22,
      "there is no anchor &people",
    ],
    ["YAML that is none", broken("groups:\n", "groups: [\n"), 7, "Missing ,"],
    ["aliases without end", `a: &a [x]\n${bomb}`, 1, "Excessive alias count"],
    ["a key that is there twice", broken("  management: [cfo", "  finance: [cfo"), 7, "unique"],
    ["nothing at all", "", 1, "write an object of keys and values"],
  ])("for %s names the line and the remedy", (_, yaml, line, remedy) => {
    const fault = failure(() => parsePolicy(yaml));
    expect(fault).toBeInstanceOf(PolicyError);
    expect(fault.message).not.toContain("\n");
    expect(fault.message).toMatch(new RegExp(`line ${line}\\b`));
    expect(fault.message).toContain(remedy);
  });
});

function failure(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return expect.fail("it was accepted");
}

const people = ["ada", "Bob", "cid", "dee", "ada+tag"].map((name) => `${name}@example.com`);
const some = fc.uniqueArray(fc.constantFrom(...people), { minLength: 1, selector: normalisedAddress });

const gate = fc
  .record({
    kind: fc.constantFrom("any_of", "all_of", "of"),
    who: some,
    need: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ kind, who, need }) => {
    const members = new Set(who.map(normalisedAddress)).size;
    return { gate: "g", [kind]: who, ...(kind === "of" ? { need: Math.min(need, members) } : {}) };
  });

test("whoever requests it, a plan asks nobody twice, and says when a gate needs more people than it asks", () => {
  const rules = fc.record({
    gates: fc.array(gate, { minLength: 1, maxLength: 3 }),
    escalate: fc.uniqueArray(fc.constantFrom(...people), { selector: normalisedAddress }),
  });
  const requester = fc.option(fc.constantFrom(...people, "ADA@example.com", "zoe@example.com"));
  fc.assert(
    fc.property(rules, requester, ({ gates, escalate }, requestedBy) => {
      const table = { highest: "t", USD: [{ from: 0, ask: "t" }] };
      const timing = {
        remind_after: "1h",
        escalate_after: "2h",
        expire_after: "1d",
        before_capture_deadline: "1h",
      };
      // JSON is YAML.
      const random = parsePolicy(
        JSON.stringify({
          version: 1,
          groups: {},
          timing: { ...timing, escalate_to: escalate },
          tiers: { t: gates },
          orders: table,
          refunds: table,
        }),
      );
      const plan = planApproval(random, subject({ requested_by: requestedBy }))!;
      const short = plan.gates.some(({ need, approvers }) => approvers.length < need);
      expect(plan.obstacle !== null).toBe(short);
      for (const { need, approvers } of plan.gates) {
        const persons = approvers.map(normalisedAddress);
        expect(new Set(persons).size).toBe(persons.length);
        if (requestedBy !== null) expect(persons).not.toContain(normalisedAddress(requestedBy));
        expect(need).toBeGreaterThanOrEqual(1);
      }
    }),
    runs(300),
  );
});
