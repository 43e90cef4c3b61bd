import fc from "fast-check";
import { expect, test } from "vitest";
import { ledgerOf } from "../../src/domain/ledger.ts";
import { decideOrder, newOrder } from "../../src/domain/order-decide.ts";
import { isEnd, refundedAmount, type OrderMessage, type OrderState } from "../../src/domain/order.ts";
import { runs } from "./property.ts";
import { orders, play, scripts, worldOf } from "./scripts.ts";
import { facts, plan } from "./world.ts";

test("whatever happens in whatever order, money is kept straight and every order ends", () => {
  fc.assert(
    fc.property(orders, scripts(), (order, script) => {
      const { state } = play(worldOf(order), script);
      expect(isEnd(state.status)).toBe(true);
    }),
    runs(3_000),
  );
});

test("a provider that refuses for no reason still leaves every order with an end", () => {
  fc.assert(
    fc.property(orders, scripts(true), (order, script) => {
      const { state } = play(worldOf(order), script);
      expect(isEnd(state.status)).toBe(true);
    }),
    runs(700),
  );
});

test("an order that needs approval is never kept without one", () => {
  fc.assert(
    fc.property(orders, scripts(), (order, script) => {
      const { state } = play(worldOf({ ...order, asks: true }), script);
      if (["completed", "partially_refunded"].includes(state.status) && state.ending === null)
        expect(state.approvals.some((a) => a.kind === "order" && a.status === "approved")).toBe(true);
    }),
    runs(500),
  );
});

/** What must not depend on the order of arrival. How an unpaid order is shown may: failed tries have no sequence. */
const essence = (state: OrderState) => ({
  status: ["awaiting_payment", "requires_action", "payment_failed"].includes(state.status)
    ? "unpaid"
    : state.status,
  ending: state.ending?.status ?? null,
  authorized: state.payment.amount_authorized,
  captured: state.payment.amount_captured,
  refunded: refundedAmount(state),
  refunds: state.refunds.map((r) => `${r.provider_id} ${r.status} ${r.amount}`).sort(),
  disputes: state.disputes,
  ledger: ledgerOf(state),
  // Whether people were asked before it was held depends on which came first; so does what the operator was told.
  asks: state.hold
    ? null
    : state.todo
        .map((work) => work.effect.kind)
        .filter((kind) => kind !== "alert_operator")
        .sort(),
});

const PAGE_OPENED: OrderMessage = {
  type: "session.seen",
  session: { id: "cs_1", status: "open", url: "http://pay/cs_1", payment: null, payment_id: null },
  source: "effect",
};

test("the provider's events leave the same order, however they are shuffled and repeated", () => {
  const told = fc.tuple(orders, scripts()).map(([order, script]) => {
    const world = worldOf(order);
    for (const { move } of script.list) move(world);
    return { order, events: world.provider.events };
  });
  const arrivals = told.chain(({ order, events }) => {
    const all = fc.shuffledSubarray(events, { minLength: events.length });
    return fc.record({
      order: fc.constant(order),
      events: fc.constant(events),
      arrivals: fc.tuple(all, fc.subarray(events)).map(([once, again]) => [...once, ...again]),
    });
  });
  fc.assert(
    fc.property(arrivals, ({ order, events, arrivals }) => {
      const hear = (messages: OrderMessage[]) => {
        const fresh = newOrder(
          facts({ payment_mode: order.mode, capture: order.capture, fulfilment: "none" }),
          order.asks ? plan : null,
        );
        const now = new Date(fresh.facts.created_at);
        // Nobody can pay on a page before we know its address.
        const opened: OrderMessage[] = order.mode === "checkout" ? [PAGE_OPENED] : [];
        return [...opened, ...messages].reduce(
          (state, message) => decideOrder(state, message, now).state,
          fresh,
        );
      };
      expect(essence(hear(arrivals))).toEqual(essence(hear(events)));
    }),
    runs(700),
  );
});
