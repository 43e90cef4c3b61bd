import fc from "fast-check";
import type { Amendment } from "../../src/domain/order.ts";
import { CARDS } from "./simulated-provider.ts";
import { HOUR, plan, World, type Outcome } from "./world.ts";

/** One thing that happens in the world. */
type Move = (world: World) => unknown;
interface Step {
  name: string;
  move: Move;
}

const step = (name: string, move: Move): Step => ({ name, move });
const index = fc.nat({ max: 30 });
const card = fc.constantFrom(...CARDS, "good", "good", "good");

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
    { weight: 8, arbitrary: performed(unfair) },
    { weight: 3, arbitrary: fc.constant(step("settle", (w) => w.settle())) },
    { weight: 8, arbitrary: index.map((i) => step(`deliver ${i}`, (w) => w.deliver(i))) },
    { weight: 2, arbitrary: index.map((i) => step(`redeliver ${i}`, (w) => w.redeliver(i))) },
    { weight: 4, arbitrary: fc.constant(step("hear", (w) => w.hear())) },
    { weight: 4, arbitrary: card.map((c) => step(`pay ${c}`, (w) => w.provider.pay(c))) },
    {
      weight: 2,
      arbitrary: fc.boolean().map((ok) => step(`authenticate ${ok}`, (w) => w.provider.authenticate(ok))),
    },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom("approved", "approved", "approved", "rejected", "changes_requested", "expired")
        .map((status) => step(status, (w) => w.decideApproval(status))),
    },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom(1, 1_000, 5_000, 60_000, 60_000, HOUR, 20 * HOUR, 60 * HOUR, 200 * HOUR)
        .map((ms) => step(`wait ${ms}`, (w) => w.wait(ms))),
    },
    {
      weight: 1,
      arbitrary: fc.nat({ max: 2 }).map((i) => step(`cancel ${i}`, (w) => i === 0 && w.cancel())),
    },
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
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(100, 1_250)
        .map((amount) => step(`dashboard capture ${amount}`, (w) => w.provider.captureAtDashboard(amount))),
    },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(null, 1, 700, 5_000)
        .map((amount) => step(`capture ${amount}`, (w) => w.capture(amount))),
    },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom<Amendment[]>(
          { description: "blue ones" },
          { amount: 500, items: [] },
          { amount: 5_000 },
          { amount: 1_000 },
        )
        .map((change) => step(`amend ${JSON.stringify(change)}`, (w) => w.amend(change))),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom("accept" as const, "give_back" as const)
        .map((action) => step(`resolve ${action}`, (w) => w.resolve(action))),
    },
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

/** Orders of every kind. */
export const orders = fc.record({
  mode: fc.constantFrom("checkout", "client", "confirm"),
  card,
  asks: fc.boolean(),
  capture: fc.constantFrom("automatic", "automatic", "manual"),
  fulfilment: fc.constantFrom("none", "manual"),
});

export const worldOf = ({
  mode,
  card: method,
  asks,
  capture,
  fulfilment,
}: typeof orders extends fc.Arbitrary<infer T> ? T : never) =>
  new World({
    facts: { payment_mode: mode, payment_method: mode === "confirm" ? method : null, capture, fulfilment },
    plan: asks ? plan : null,
  });

/** What happens, in some order. With `unfair`, the provider refuses for no reason now and then. */
export const scripts = (unfair = false) =>
  fc.array(steps(unfair), { minLength: 5, maxLength: 60, size: "max" }).map((list) => ({
    list,
    [fc.toStringMethod]: () => list.map((s) => s.name).join(" · "),
  }));

/** Plays a script; the invariants hold after every message, and afterwards everything comes to rest. */
export function play(world: World, { list }: { list: Step[] }): World {
  for (const { move } of list) move(world);
  world.toRest();
  return world;
}
