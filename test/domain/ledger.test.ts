import fc from "fast-check";
import { expect, test } from "vitest";
import { ledgerOf, LEDGER_ACCOUNTS } from "../../src/domain/ledger.ts";
import { newOrder } from "../../src/domain/order-decide.ts";
import type { OrderState } from "../../src/domain/order.ts";
import type { DisputeSnapshot, PaymentStatus } from "../../src/domain/payment.ts";
import { runs } from "./property.ts";
import { facts, World } from "./world.ts";

const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0);

interface Amounts {
  status: PaymentStatus;
  authorized: number;
  captured: number;
  refunded: number;
  fee: number | null;
  disputes: DisputeSnapshot[];
}

function stateOf({ status, authorized, captured, refunded, fee, disputes }: Amounts): OrderState {
  const state = newOrder(facts(), null);
  const payment = { ...state.payment, status, amount_authorized: authorized, amount_captured: captured, fee };
  return { ...state, payment, refunded_at_provider: refunded, disputes };
}

const dispute = (most: number): fc.Arbitrary<DisputeSnapshot> =>
  fc
    .record({
      id: fc.constant("dp_1"),
      status: fc.constantFrom("warning_needs_response", "needs_response", "under_review", "won", "lost"),
      amount: fc.nat(most),
      reason: fc.constant("fraudulent"),
      fee: fc.nat(1_500),
    })
    .map((each) => ({
      ...each,
      withdrawn: each.status.startsWith("warning") ? 0 : each.amount,
      reinstated: each.status === "won" ? each.amount : 0,
    }));

/** What a provider's books may hold of one payment. */
const amounts: fc.Arbitrary<Amounts> = fc
  .record({ authorized: fc.nat(10_000_000), part: fc.nat(100), back: fc.nat(100) })
  .chain(({ authorized, part, back }) => {
    const captured = Math.floor((authorized * part) / 100);
    return fc.record({
      authorized: fc.constant(authorized),
      captured: fc.constant(captured),
      refunded: fc.constant(Math.floor((captured * back) / 100)),
      status: fc.constant<PaymentStatus>(captured > 0 ? "succeeded" : "requires_capture"),
      fee: fc.option(fc.nat(10_000)),
      disputes: fc.array(dispute(captured), { maxLength: 3 }),
    });
  });

test("whatever happened, the accounts add up to nothing", () => {
  fc.assert(
    fc.property(amounts, (given) => {
      const { accounts, postings } = ledgerOf(stateOf(given));
      expect(sum(Object.values(accounts))).toBe(0);
      for (const { debit, credit, amount } of postings) {
        expect(amount).toBeGreaterThan(0);
        expect(debit).not.toBe(credit);
      }
      expect(new Set(postings.map(({ type }) => type)).size).toBe(postings.length);
    }),
    runs(1_000),
  );
});

test("every account holds what the amounts say", () => {
  fc.assert(
    fc.property(amounts, (given) => {
      const { authorized, captured, refunded, disputes } = given;
      const { accounts } = ledgerOf(stateOf(given));
      const fees = (given.fee ?? 0) + sum(disputes.map((each) => each.fee));
      const away = sum(disputes.map((each) => each.withdrawn - each.reinstated));
      const lost = sum(disputes.filter((each) => each.status === "lost").map((each) => each.withdrawn));
      const held = given.status === "succeeded" ? 0 : authorized;
      expect(accounts).toEqual({
        authorization: held,
        balance: captured - refunded - away - fees,
        dispute: away - lost,
        fees,
        customer: refunded + lost - captured - held,
      });
    }),
    runs(1_000),
  );
});

const of = (world: World) =>
  ledgerOf(world.state).postings.map(({ type, debit, credit, amount }) =>
    [type, `${credit} → ${debit}`, amount].join(": "),
  );

test("an order's life is told posting by posting", () => {
  const world = new World({ facts: { capture: "manual" } });
  world.performAll();
  expect(of(world)).toEqual([]);
  world.provider.pay("good");
  world.settle();
  expect(of(world)).toEqual(["authorized: customer → authorization: 1250"]);
  world.capture(1_000);
  world.settle();
  world.refund(200);
  world.settle();
  world.provider.changeDispute("needs_response");
  world.settle();
  expect(of(world)).toEqual([
    "authorized: customer → authorization: 1250",
    "captured: authorization → balance: 1000",
    "released: authorization → customer: 250",
    "refunded: balance → customer: 200",
    "disputed: balance → dispute: 1000",
    "fee: balance → fees: 45",
  ]);
});

test("two disputes on one payment are kept apart and counted together", () => {
  const world = new World();
  world.performAll();
  world.provider.pay("good");
  world.settle();
  const open = (id: string, amount: number, change: Partial<DisputeSnapshot> = {}) =>
    world.send({
      type: "dispute.seen",
      source: "webhook",
      dispute: {
        ...{ id, status: "needs_response", amount, reason: "fraudulent" },
        ...{ withdrawn: amount, reinstated: 0, fee: 15, ...change },
      },
    });
  open("dp_1", 500);
  open("dp_2", 750);
  expect(ledgerOf(world.state).accounts).toMatchObject({ dispute: 1_250 });
  open("dp_1", 500, { status: "won", reinstated: 500 });
  expect(world.state.status).toBe("disputed");
  open("dp_2", 750, { status: "lost" });
  expect(world.state).toMatchObject({
    status: "disputed",
    disputes: [
      { id: "dp_1", status: "won" },
      { id: "dp_2", status: "lost" },
    ],
  });
  // Captured 12.50, of which 7.50 are lost, less fees of 0.30 and twice 0.15.
  expect(ledgerOf(world.state).accounts).toEqual({
    customer: -500,
    authorization: 0,
    balance: 440,
    dispute: 0,
    fees: 60,
  });
});

test("every account is one of the five", () => {
  expect(Object.keys(ledgerOf(newOrder(facts(), null)).accounts).toSorted()).toEqual(
    LEDGER_ACCOUNTS.toSorted(),
  );
});
