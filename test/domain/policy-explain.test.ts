import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { normalisedAddress } from "../../src/domain/address.ts";
import { explainPolicy } from "../../src/domain/policy-explain.ts";
import { parsePolicy } from "../../src/domain/policy-parse.ts";
import type { PolicySubject } from "../../src/domain/policy.ts";
import { isWorkingTime } from "../../src/domain/working-hours.ts";
import { runs } from "./property.ts";

const read = (name: string) =>
  parsePolicy(readFileSync(new URL(`../../fixtures/policies/${name}.yaml`, import.meta.url), "utf8"));
const example = read("example");

const subject = (change: Partial<PolicySubject> = {}): PolicySubject => ({
  kind: "order",
  amount: 1,
  currency: "usd",
  customer: "buyer@example.com",
  metadata: {},
  requested_by: "sam@example.com",
  ...change,
});

const AT = new Date("2026-03-04T09:00:00Z");

test("each gate shows its mails while nobody decides", () => {
  const { gates, outcome } = explainPolicy(read("default"), subject({ amount: 1_000_000 }), AT);
  const finance = ["finance@example.com", "controller@example.com"];
  expect(gates.map(({ name, mails }) => ({ name, mails }))).toEqual([
    {
      name: "finance",
      mails: [
        { at: "2026-03-04T09:00:00.000Z", mail: "request", people: finance },
        { at: "2026-03-05T09:00:00.000Z", mail: "reminder", people: finance },
        { at: "2026-03-06T09:00:00.000Z", mail: "escalation", people: ["cfo@example.com"] },
      ],
    },
    {
      name: "management",
      mails: [
        { at: "2026-03-04T09:00:00.000Z", mail: "request", people: ["cfo@example.com"] },
        { at: "2026-03-05T09:00:00.000Z", mail: "reminder", people: ["cfo@example.com"] },
      ],
    },
  ]);
  expect(gates.map(({ ends_at }) => ends_at)).toEqual(Array(2).fill("2026-03-09T09:00:00.000Z"));
  expect(outcome).toBe("rejected");
});

test.each<[outcome: string, change: Partial<PolicySubject>]>([
  ["approved", { amount: 1 }],
  ["approved", { kind: "refund", amount: 20_000 }],
  ["rejected", { amount: 100_000 }],
  ["rejected", { kind: "refund", amount: 50_000 }],
])("without a decision it is %s: %j", (outcome, change) => {
  expect(explainPolicy(example, subject(change), AT).outcome).toBe(outcome);
});

test("where nobody may approve, nobody is asked and it is rejected", () => {
  const about = subject({ amount: 1_000_000, requested_by: "cfo@example.com" });
  const { gates, outcome, plan } = explainPolicy(read("default"), about, AT);
  expect({ gates, outcome }).toEqual({ gates: [], outcome: "rejected" });
  expect(plan?.obstacle).toBe("gate management: nobody but whoever requested it could approve");
});

test("requests come in the working hours of whoever gets them, or when half of the time is over", () => {
  const subjects = fc.record({
    amount: fc.integer({ min: 1, max: 2_000_000 }),
    kind: fc.constantFrom("order", "refund"),
    metadata: fc.constantFrom({}, { risk: "high" }),
  });
  const times = fc.date({ min: new Date("2026-01-01"), max: new Date("2027-01-01"), noInvalidDate: true });
  fc.assert(
    fc.property(subjects, times, (change, at) => {
      const { plan, gates } = explainPolicy(example, subject(change), at);
      for (const { mails, approvers, ends_at } of gates) {
        const asked = mails.filter(({ mail }) => mail === "request");
        expect(asked.flatMap(({ people }) => people).sort()).toEqual(approvers.toSorted());
        const half = (at.getTime() + Date.parse(ends_at)) / 2;
        for (const request of asked)
          for (const person of request.people) {
            const calendar = plan?.calendars?.[normalisedAddress(person)];
            const time = new Date(request.at);
            expect(isWorkingTime(calendar, time) || Math.abs(time.getTime() - half) < 1_000).toBe(true);
          }
      }
    }),
    runs(100),
  );
});
