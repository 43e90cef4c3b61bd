import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SAID_TYPES } from "../../src/audit/sentences.ts";
import { departures, ENTRY_TYPES, publishedEntryTypes } from "../../src/contract/audit-entries/index.ts";
import type { Decision } from "../../src/domain/approval.ts";
import type { AuditDraft } from "../../src/domain/audit-entry.ts";
import { decideOrder } from "../../src/domain/order-decide.ts";
import type { OrderMessage, OrderState } from "../../src/domain/order.ts";
import type { PaymentSnapshot } from "../../src/domain/payment.ts";
import { Asked, twoGates } from "../domain/asked.ts";
import { runs } from "../domain/property.ts";
import { orders, play, scripts, worldOf } from "../domain/scripts.ts";
import { chainOf } from "./trails.ts";

function judged(drafts: AuditDraft[]): string[] {
  return [...new Set(chainOf(drafts).flatMap(departures))];
}

/** The world's approvers are simulated, and their entries are not the real ones: those are judged below. */
const byOrder = (drafts: AuditDraft[]) => drafts.filter(({ type }) => !type.startsWith("approval."));

test("whatever happens to an order, its entries are what the catalogue says", () => {
  fc.assert(
    fc.property(orders, scripts(true), (order, script) => {
      expect(judged(byOrder(play(worldOf(order), script).entries))).toEqual([]);
    }),
    runs(300),
  );
});

const people = [
  "finance@example.com",
  "controller@example.com",
  "cfo@example.com",
  "ceo@example.com",
  "sam@example.com",
];
const person = fc.constantFrom(...people);
const actor = { type: "api", id: "dev@example.com", source: "request req_1" } as const;
const HOUR = 3_600_000;

const happenings = fc.oneof(
  fc
    .record({
      who: person,
      decision: fc.constantFrom<Decision>("approve", "approve", "approve", "reject", "request_changes"),
      in_place: fc.boolean(),
    })
    .map(
      ({ who, decision, in_place }) =>
        (a: Asked) =>
          a.vote(who, decision, in_place ? { in_place } : {}),
    ),
  fc.constantFrom(1, 20 * HOUR, 60 * HOUR).map((ms) => (a: Asked) => a.wait(ms)),
  fc.constantFrom(125_000, 100_000, 90_000).map((amount) => (a: Asked) => a.amend(amount)),
  person.map((approver) => (a: Asked) => a.send({ type: "resend", approver, actor })),
  fc.constant((a: Asked) => a.send({ type: "remind", actor })),
  fc.tuple(person, person).map(
    ([from, to]) =>
      (a: Asked) =>
        a.send({ type: "reassign", from, to, actor }),
  ),
  person.map((approver) => (a: Asked) => a.send({ type: "revoke", approver, actor })),
  fc.constant((a: Asked) => a.send({ type: "withdraw", reason: "the order is cancelled" })),
  fc.tuple(person, person, fc.nat({ max: 2 })).map(
    ([from, to, n]) =>
      (a: Asked) =>
        a.delegate({
          id: `dlg_${n}`,
          from,
          to,
          starts_at: a.now.toISOString(),
          ends_at: new Date(a.now.getTime() + 30 * HOUR).toISOString(),
        }),
  ),
  fc.nat({ max: 2 }).map((n) => (a: Asked) => a.undelegate(`dlg_${n}`)),
  fc.tuple(person, fc.boolean()).map(
    ([to, permanent]) =>
      (a: Asked) =>
        a.send({ type: "bounced", number: 1, to, reason: "550 no such user", permanent }),
  ),
  fc
    .constantFrom("ok" as const, "down" as const, "refused" as const)
    .map((how) => (a: Asked) => a.perform(() => how)),
);

test("whatever happens to an approval, its entries are what the catalogue says", () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      fc.array(happenings, { maxLength: 25, size: "max" }),
      (calls, nobody, list) => {
        const asked = new Asked(
          nobody ? { ...twoGates, obstacle: "nobody is left who may approve" } : twoGates,
        );
        if (calls)
          asked.state = { ...asked.state, callback: { url: "https://example.com/hook", secret: "whsec_x" } };
        for (const happens of list) happens(asked);
        asked.toRest();
        expect(judged(asked.entries)).toEqual([]);
      },
    ),
    runs(300),
  );
});

/** What a provider says of a payment or a refund. */
const usd = (amount: number) => ({ amount, currency: "usd" });
const paid = (amount: number, captured: number): PaymentSnapshot => ({
  ...usd(amount),
  id: "pi_1",
  status: captured > 0 ? "succeeded" : "requires_capture",
  amount_capturable: captured > 0 ? 0 : amount,
  amount_captured: captured,
  capture_before: null,
  client_secret: null,
  failure: null,
  cancellation_reason: null,
  fee: null,
});

test("what providers say seldom is in the catalogue too", () => {
  const source = "webhook evt_1";
  const world = worldOf({
    mode: "client",
    card: "good",
    asks: false,
    capture: "automatic",
    fulfilment: "none",
  });
  const drafts = [paid(999, 0), paid(1_250, 700), paid(1_250, 1_250)].flatMap((payment) =>
    decideAlone(world.state, { type: "payment.seen", payment, source }),
  );
  const refunds = (["requires_action", "canceled", "failed"] as const).flatMap((status) =>
    decideAlone(world.state, {
      type: "refund.seen",
      refund: { id: "re_1", refund_id: null, status, amount: 5, failure: "lost_or_stolen_card" },
      source,
    }),
  );
  expect(drafts.map(({ type }) => type)).toContain("payment.mismatch");
  expect(judged([...drafts, ...refunds])).toEqual([]);
});

const decideAlone = (state: OrderState, message: OrderMessage): AuditDraft[] =>
  decideOrder(state, message, new Date("2026-01-02T00:00:00Z")).entries;

test("nothing is in the catalogue that the rules never tell", () => {
  const domain = join(import.meta.dirname, "../../src/domain");
  const rules = readdirSync(domain)
    .filter((name) => /^(order|approval)/.test(name))
    .map((name) => readFileSync(join(domain, name), "utf8"))
    .join();
  const told = (type: string): boolean => {
    const [family = "", what = ""] = type.split(".");
    return rules.includes(`"${type}"`) || (rules.includes(`\`${family}.\${`) && rules.includes(`"${what}"`));
  };
  expect(Object.keys(ENTRY_TYPES).filter((type) => !told(type))).toEqual([]);
  expect(told("order.vanished")).toBe(false);
});

test("every type has a sentence for people, and every sentence a type", () => {
  expect([...SAID_TYPES].sort()).toEqual(Object.keys(ENTRY_TYPES).sort());
});

test("the published schemas say of every field what it is, and let fields be added", () => {
  for (const { type, says, actors, data } of publishedEntryTypes()) {
    expect(says, type).toMatch(/^[A-Z].*\.$/);
    expect(actors.length, type).toBeGreaterThan(0);
    expect(data, type).toMatchObject({ type: "object" });
    expect(data, type).not.toHaveProperty("additionalProperties");
  }
});

test("an entry that is not what the catalogue says is told apart", () => {
  const [entry] = chainOf([
    { type: "note", actor: { type: "api", id: "sam@example.com" }, data: { text: "hello" } },
  ]);
  expect(departures(entry!)).toEqual([]);
  expect(departures({ ...entry!, type: "note.lost" })).toEqual(["note.lost is not in the catalogue"]);
  expect(departures({ ...entry!, actor: { type: "provider" } })).toEqual(["note: actor provider"]);
  expect(departures({ ...entry!, data: { text: 1 } })).toEqual([
    expect.stringMatching(/^note: data\.text: /),
  ]);
  expect(departures({ ...entry!, data: { text: "x", more: 1 } })).toEqual([expect.stringMatching(/more/)]);
  expect(departures({ ...entry!, data: { text: { commitment: "a".repeat(64) } } })).toEqual([]);
});
