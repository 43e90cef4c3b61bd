import fc from "fast-check";
import { expect, test } from "vitest";
import { isEnd, refundedAmount, type OrderMessage, type OrderState } from "../../src/domain/order.ts";
import { decideOrder, newOrder } from "../../src/domain/order-decide.ts";
import { runs } from "./runs.ts";
import { CARDS } from "./simulated-provider.ts";
import { facts, HOUR, plan, World, type Outcome } from "./world.ts";

/** One thing that happens in the world. */
type Move = (world: World) => void;
interface Step {
  name: string;
  move: Move;
}

const step = (name: string, move: Move): Step => ({ name, move });
const index = fc.nat({ max: 30 });
const card = fc.constantFrom(...CARDS);

const outcomes = (unfair: boolean) =>
  fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constant<Outcome>("ok") },
      { weight: 2, arbitrary: fc.constantFrom<Outcome>("down", "lost") },
      ...(unfair ? [{ weight: 1, arbitrary: fc.constant<Outcome>("refused") }] : []),
    ),
    { minLength: 4, maxLength: 4 },
  );

const performed = (unfair: boolean) =>
  outcomes(unfair).map((how) =>
    step(`perform ${how.join()}`, (w) => w.perform((_, i) => how[i % how.length] ?? "ok")),
  );

const steps = (unfair: boolean) =>
  fc.oneof(
    { weight: 6, arbitrary: performed(unfair) },
    { weight: 6, arbitrary: index.map((i) => step(`deliver ${i}`, (w) => w.deliver(i))) },
    { weight: 2, arbitrary: index.map((i) => step(`redeliver ${i}`, (w) => w.redeliver(i))) },
    { weight: 3, arbitrary: fc.constant(step("hear", (w) => w.hear())) },
    { weight: 4, arbitrary: card.map((c) => step(`pay ${c}`, (w) => w.provider.pay(c))) },
    {
      weight: 2,
      arbitrary: fc.boolean().map((ok) => step(`authenticate ${ok}`, (w) => w.provider.authenticate(ok))),
    },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom("approved", "approved", "rejected", "changes_requested", "expired")
        .map((status) => step(status, (w) => w.decideApproval(status))),
    },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom(1, 1_000, 60_000, HOUR, 20 * HOUR, 60 * HOUR, 200 * HOUR)
        .map((ms) => step(`wait ${ms}`, (w) => w.wait(ms))),
    },
    { weight: 1, arbitrary: fc.constant(step("cancel", (w) => w.cancel())) },
    { weight: 1, arbitrary: fc.constant(step("note", (w) => w.note("hello"))) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(null, 1, 100, 700, 1_250, 5_000), fc.boolean())
        .map(([amount, asks]) =>
          step(`refund ${amount} ${asks}`, (w) => w.refund(amount, asks ? plan : null)),
        ),
    },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom("pen", "ink", "constructor")
        .map((sku) => step(`fulfil ${sku}`, (w) => w.fulfil(sku))),
    },
    { weight: 1, arbitrary: card.map((c) => step(`retry ${c}`, (w) => w.retryWith(c))) },
    { weight: 1, arbitrary: fc.constant(step("dashboard capture", (w) => w.provider.captureAtDashboard())) },
    { weight: 1, arbitrary: fc.constant(step("dashboard cancel", (w) => w.provider.cancelAtDashboard())) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(100, 600, 1_250)
        .map((amount) => step(`dashboard refund ${amount}`, (w) => w.provider.refundAtDashboard(amount))),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom("succeeded", "pending", "failed")
        .map((outcome) => step(`refunds become ${outcome}`, (w) => void (w.refundOutcome = outcome))),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.nat({ max: 2 }), fc.constantFrom("succeeded", "failed"))
        .map(([i, outcome]) => step(`refund ${i} ${outcome}`, (w) => w.provider.endRefund(i, outcome))),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom("needs_response", "under_review", "won", "lost")
        .map((status) => step(`dispute ${status}`, (w) => w.provider.changeDispute(status))),
    },
  );

const orders = fc.record({
  mode: fc.constantFrom("checkout", "client", "confirm"),
  card,
  asks: fc.boolean(),
  fulfilment: fc.constantFrom("none", "manual"),
});

const worldOf = ({
  mode,
  card: method,
  asks,
  fulfilment,
}: typeof orders extends fc.Arbitrary<infer T> ? T : never) =>
  new World({
    facts: { payment_mode: mode, payment_method: mode === "confirm" ? method : null, fulfilment },
    plan: asks ? plan : null,
  });

const scripts = (unfair = false) =>
  fc.array(steps(unfair), { minLength: 5, maxLength: 60, size: "max" }).map((list) => ({
    list,
    [fc.toStringMethod]: () => list.map((s) => s.name).join(" · "),
  }));

/** Plays a script; the invariants hold after every message, and afterwards everything comes to rest. */
function play(world: World, { list }: { list: Step[] }): World {
  for (const { move } of list) move(world);
  world.toRest();
  return world;
}

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
  dispute: state.dispute?.status ?? null,
  asks: state.todo.map((work) => work.effect.kind).sort(),
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
          facts({ payment_mode: order.mode, fulfilment: "none" }),
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
