import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalisedAddress } from "../../src/domain/address.ts";
import { holdsFor } from "../../src/domain/policy-condition.ts";
import { parsePolicy } from "../../src/domain/policy-parse.ts";
import { planApproval, tierFor, type PolicySubject } from "../../src/domain/policy.ts";
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

describe("the example policy", () => {
  const example = parsePolicy(
    readFileSync(new URL("../../fixtures/policies/example.yaml", import.meta.url), "utf8"),
  );
  const plan = (change: Partial<PolicySubject>) => planApproval(example, subject(change));

  test.each<[because: string, change: Partial<PolicySubject>]>([
    ["rule risky", { metadata: { risk: "high" } }],
    ["rule risky", { metadata: { risk: "severe", other: "x" }, kind: "refund" }],
    ["orders.USD from 0", { metadata: { risk: "low" } }],
    ["orders.USD from 0", { metadata: { Risk: "high" } }],
    ["rule our-own-shop", { customer: "Till+3@Shop.Example.com", currency: "eur", amount: 49_999 }],
    ["orders.EUR from 0", { customer: "till@shop.example.com", currency: "eur", amount: 50_000 }],
    ["orders.EUR from 0", { customer: "till@shop.example.com.evil.example", currency: "eur" }],
    ["orders.EUR from 0", { customer: null, currency: "eur" }],
    ["orders.USD from 0", { customer: "till@shop.example.com" }],
    ["refunds.USD from 0", { kind: "refund", amount: 9_999 }],
    ["rule goodwill", { kind: "refund", amount: 10_000 }],
    ["rule goodwill", { kind: "refund", amount: 49_999, currency: "eur" }],
    ["refunds.USD from 50000", { kind: "refund", amount: 50_000 }],
    ["refunds.highest, as GBP has no table", { kind: "refund", amount: 50_000, currency: "gbp" }],
    ["rule by-the-robot", { requested_by: "Robot+night@example.com" }],
    ["rule by-the-robot", { requested_by: "a.b@automation.example.com", amount: 5_000_000 }],
    ["rule risky", { requested_by: "robot@example.com", metadata: { risk: "high" } }],
    ["orders.USD from 1000000", { amount: 1_000_000 }],
  ])("asks because of %s for %j", (because, change) => {
    expect(tierFor(example, subject(change)).because).toBe(because);
    const asked = plan(change);
    if (asked) expect(asked.because).toBe(because);
  });

  test("asks nobody where a rule says so", () => {
    expect(plan({ customer: "till@shop.example.com", currency: "eur" })).toBeNull();
  });

  test("has a tier with times of its own, which ends in approval", () => {
    expect(plan({ kind: "refund", amount: 10_000 })).toMatchObject({
      on_timeout: "approve",
      remind_after_s: 12 * 3_600,
      escalate_after_s: 36 * 3_600,
      expire_after_s: 2 * 86_400,
      before_capture_deadline_s: 86_400,
      escalate_to: ["cfo@example.com"],
      obstacle: null,
    });
    expect(plan({ amount: 1_000_000 })).toMatchObject({ on_timeout: "reject", remind_after_s: 86_400 });
  });

  test("has gates that ask for the amount", () => {
    expect(plan({ amount: 1_000_000 })?.gates).toEqual([
      {
        name: "finance",
        need: 1,
        approvers: ["finance@example.com", "controller@example.com"],
        confirm_amount: false,
      },
      {
        name: "management",
        need: 2,
        approvers: ["cfo@example.com", "ceo@example.com", "coo@example.com"],
        confirm_amount: true,
      },
    ]);
  });

  test("gives the calendars of everybody whom the policy lists, since others may come to decide", () => {
    const { default_calendar } = example.rules.timing;
    expect(plan({ metadata: { risk: "high" } })?.calendars).toEqual({
      "risk@example.com": default_calendar,
      "fraud@example.com": {
        time_zone: "Europe/Berlin",
        quiet: null,
        working_days: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
      },
      "cfo@example.com": default_calendar,
      "ceo@example.com": {
        time_zone: "America/New_York",
        quiet: "20:00-09:00",
        working_days: ["mon", "tue", "wed", "thu", "fri"],
      },
      "coo@example.com": expect.objectContaining({ time_zone: "Asia/Tokyo" }) as unknown,
    });
    expect(planApproval(policy, subject({ amount: 100_000 }))?.calendars).toEqual({});
  });
});

describe("four eyes", () => {
  /** A policy of one gate, for every amount. */
  const one = (gate: object, escalate_to: string[] = [], tier: object = {}) =>
    // JSON is YAML.
    parsePolicy(
      JSON.stringify({
        version: 1,
        groups: { team: ["ada@example.com", "bob@example.com", "cid@example.com"] },
        timing: {
          remind_after: "1h",
          escalate_after: "2h",
          expire_after: "1d",
          before_capture_deadline: "1h",
          escalate_to,
        },
        tiers: { t: { gates: [{ gate: "g", ...gate }], ...tier } },
        orders: { highest: "t" },
        refunds: { highest: "t" },
      }),
    );
  const by = (requested_by: string, ...rest: Parameters<typeof one>) =>
    planApproval(one(...rest), subject({ requested_by }))!;

  test("of all, all others have to approve", () => {
    const plan = by("Ada+x@example.com", { all_of: ["team"] });
    expect(plan.gates).toMatchObject([{ need: 2, approvers: ["bob@example.com", "cid@example.com"] }]);
    expect(plan.obstacle).toBeNull();
  });

  test("of all, one contact stands in for whoever requested it, and outvotes nobody", () => {
    const plan = by("ada@example.com", { all_of: ["team"] }, ["dee@example.com", "eve@example.com"]);
    expect(plan.gates).toMatchObject([
      { need: 3, approvers: ["bob@example.com", "cid@example.com", "dee@example.com"] },
    ]);
  });

  test("of some, a contact does not count twice", () => {
    const plan = by("ada@example.com", { of: ["team"], need: 3 }, ["BOB@example.com", "dee@example.com"]);
    expect(plan.gates).toMatchObject([
      { need: 3, approvers: ["bob@example.com", "cid@example.com", "dee@example.com"] },
    ]);
  });

  test("of some, fewer are not enough, and time does not approve", () => {
    const plan = by("ada@example.com", { of: ["team"], need: 3 }, [], { on_timeout: "approve" });
    expect(plan.obstacle).toBe("gate g: 3 must approve, and only 2 may");
    expect(plan.on_timeout).toBe("reject");
  });

  test("of one, nobody is left, and time does not approve", () => {
    const plan = by("ada+1@EXAMPLE.com", { any_of: ["ada@example.com"] }, ["Ada@example.com"], {
      on_timeout: "approve",
    });
    expect(plan.gates).toMatchObject([{ need: 1, approvers: [] }]);
    expect(plan.escalate_to).toEqual([]);
    expect(plan.obstacle).toBe("gate g: nobody but whoever requested it could approve");
    expect(plan.on_timeout).toBe("reject");
  });

  test("are not asked of somebody who requested nothing", () => {
    const plan = by("zoe@example.com", { any_of: ["team"] }, [], { on_timeout: "approve" });
    expect(plan.gates[0]?.approvers).toHaveLength(3);
    expect(plan.on_timeout).toBe("approve");
  });
});

test("an edit of the policy changes no plan that it gave", () => {
  const edited = parsePolicy(text);
  const plan = planApproval(edited, subject({ amount: 100_000 }))!;
  const before = structuredClone(plan);
  edited.rules.groups["finance"]?.push("new@example.com");
  edited.rules.timing.escalate_to.push("new@example.com");
  expect(plan).toEqual(before);
});

test.each([
  ["*@example.com", "a@example.com", true],
  ["*@example.com", "a@sub.example.com", false],
  ["*@*.example.com", "a@sub.example.com", true],
  ["*", "a@example.com", true],
  ["Ada@Example.com", "ada+tag@example.com", true],
  ["a*a@example.com", "a@example.com", false],
  ["a*b*c@example.com", "axxbyyc@example.com", true],
  ["a*b*c@example.com", "acb@example.com", false],
  ["a.a@example.com", "aaa@example.com", false],
  [`${"*a".repeat(60)}b@example.com`, `${"a".repeat(64)}@example.com`, false],
])("the pattern %s and the address %s: %s", (pattern, customer, expected) => {
  expect(holdsFor({ customer: [pattern] }, subject({ customer }))).toBe(expected);
});

test.each([
  ["Ada@Example.COM", "ada@example.com"],
  [" ada+shop+x@example.com ", "ada@example.com"],
  ["a.da@gmail.com", "a.da@gmail.com"],
  ["+ada@example.com", "+ada@example.com"],
  ["ada", "ada"],
])("%s is %s", (address, expected) => {
  expect(normalisedAddress(address)).toBe(expected);
});

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
