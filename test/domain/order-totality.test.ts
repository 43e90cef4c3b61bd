import fc from "fast-check";
import { test } from "vitest";
import type { ApprovalView } from "../../src/domain/approval.ts";
import type { AuditDraft } from "../../src/domain/audit-entry.ts";
import { decideOrder, isNews, orderDue, orderWakeAt } from "../../src/domain/order-decide.ts";
import { isEnd, type EffectResult, type OrderMessage, type OrderState } from "../../src/domain/order.ts";
import { orderEvents, orderView } from "../../src/domain/order-view.ts";
import type { PaymentSnapshot } from "../../src/domain/payment.ts";
import { holds, runs } from "./property.ts";
import { orders, scripts, worldOf } from "./scripts.ts";
import { ada, DAY, plan, T0 } from "./world.ts";

/** States that orders come to, at any moment of their lives. */
const states: fc.Arbitrary<OrderState> = fc.tuple(orders, scripts()).map(([order, script]) => {
  const world = worldOf(order);
  for (const { move } of script.list) move(world);
  return world.state;
});

const amount = fc.constantFrom(0, 1, 250, 1_250, 2_500, Number.MAX_SAFE_INTEGER);
const text = fc.constantFrom("", "pen", "constructor", "__proto__", "toString", "\u0000", "💳");
const source = fc.constant("webhook");

const payment: fc.Arbitrary<PaymentSnapshot> = fc.record({
  id: fc.constantFrom("pi_1", "pi_other"),
  status: fc.constantFrom(
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "requires_capture",
    "succeeded",
    "canceled",
  ),
  amount: fc.constantFrom(1_250, 1_250, 1_250, 7),
  currency: fc.constantFrom("usd", "usd", "usd", "eur"),
  amount_capturable: amount,
  amount_captured: amount,
  capture_before: fc.constantFrom(null, T0),
  client_secret: fc.constantFrom(null, "secret"),
  failure: fc.option(fc.record({ code: text, message: text })),
  cancellation_reason: fc.constantFrom(null, "automatic"),
  fee: fc.constantFrom(null, 30),
});

const session = fc.record({
  id: fc.constantFrom("cs_1", "cs_other"),
  status: fc.constantFrom("open", "complete", "expired"),
  url: fc.constantFrom(null, "http://pay"),
  payment: fc.option(payment),
  payment_id: fc.constantFrom(null, "pi_1", "pi_other"),
});

const refund = fc.record({
  id: fc.constantFrom("re_1", "re_2", "re_9"),
  refund_id: fc.constantFrom(null, "rfd_1", "rfd_9"),
  status: fc.constantFrom("pending", "requires_action", "succeeded", "failed", "canceled"),
  amount,
  failure: fc.option(text),
});

const approvalFor = (state: OrderState): fc.Arbitrary<ApprovalView> =>
  fc.record({
    id: fc.constantFrom("apr_other", ...state.approvals.map((a) => a.id)),
    object: fc.constant("approval"),
    version: fc.nat({ max: 5 }),
    kind: fc.constantFrom("order", "refund"),
    refund_id: fc.constantFrom(null, "rfd_1", "rfd_9"),
    subject_hash: fc.constantFrom(null, "stale"),
    status: fc.constantFrom("pending", "approved", "rejected", "changes_requested", "expired", "withdrawn"),
    gate: fc.constant(null),
    needed: fc.constant(1),
    waiting_for: fc.constant([]),
    votes: fc.constant([]),
    deadline_at: fc.constant(T0),
    decided_by: fc.constant(null),
    decided_at: fc.constant(null),
  });

/** Anything at all that can be said to this order, sensible or not. */
function messagesFor(state: OrderState): fc.Arbitrary<OrderMessage> {
  const key = fc.constantFrom("unknown", ...state.todo.map((work) => work.key));
  const approval = approvalFor(state);
  const result: fc.Arbitrary<EffectResult> = fc.oneof(
    fc.record({ kind: fc.constant("payment"), payment }),
    fc.record({ kind: fc.constant("session"), session }),
    fc.record({ kind: fc.constant("refund"), refund }),
    fc.record({ kind: fc.constant("approval"), approval }),
    fc.record({ kind: fc.constant("done") }),
  );
  const actor = fc.constant(ada);
  return fc.oneof(
    fc.record({ type: fc.constant("submitted") }),
    fc.record({ type: fc.constant("payment.seen"), payment, source }),
    fc.record({ type: fc.constant("session.seen"), session, source }),
    fc.record({ type: fc.constant("refund.seen"), refund, source }),
    fc.record({ type: fc.constant("charge.refunded"), amount_refunded: amount, source }),
    fc.record({
      type: fc.constant("dispute.seen"),
      dispute: fc.record({
        id: text,
        status: fc.oneof(text, fc.constantFrom("won", "lost")),
        amount,
        reason: text,
        withdrawn: amount,
        reinstated: amount,
        fee: amount,
      }),
      source,
    }),
    fc.record({ type: fc.constant("approval.reported"), approval, entries: fc.constant<AuditDraft[]>([]) }),
    fc.record({ type: fc.constant("cancel"), actor, reason: text }),
    fc.record({
      type: fc.constant("refund"),
      actor,
      refund_id: fc.constantFrom("rfd_1", "rfd_9"),
      amount: fc.option(amount),
      reason: text,
      plan: fc.constantFrom(null, plan),
    }),
    fc.record({ type: fc.constant("note"), actor, text }),
    fc.record({
      type: fc.constant("fulfilment"),
      actor,
      sku: text,
      quantity: fc.integer({ min: 1, max: 9 }),
    }),
    fc.record({ type: fc.constant("payment_method"), actor, payment_method: text }),
    fc.record({
      type: fc.constant("amend"),
      actor,
      change: fc.record({ amount, description: text, reference: text }, { requiredKeys: [] }),
    }),
    fc.record({ type: fc.constant("capture"), actor, amount: fc.option(amount) }),
    fc.record({
      type: fc.constant("resolve"),
      actor,
      action: fc.constantFrom("accept", "give_back"),
      reason: text,
    }),
    fc.record({ type: fc.constant("effect.done"), key, result }),
    fc.record({ type: fc.constant("effect.failed"), key, reason: text, code: text, retry: fc.boolean() }),
    fc.record({ type: fc.constant("clock") }),
  );
}

const COMMANDS = ["cancel", "refund", "note", "fulfilment", "payment_method", "amend", "capture", "resolve"];

test("every message has an answer in every state, whatever it says", () => {
  const cases = states.chain((state) =>
    fc.record({
      state: fc.constant(state),
      messages: fc.array(messagesFor(state), { minLength: 1, maxLength: 6 }),
      now: fc.constantFrom(0, DAY, 60 * DAY).map((ms) => new Date(Date.parse(T0) + ms)),
    }),
  );
  fc.assert(
    fc.property(cases, ({ state: first, messages, now }) => {
      let state = first;
      for (const message of messages) {
        const before = JSON.stringify(state);
        const decided = decideOrder(state, message, now);
        const { type } = message;
        holds(JSON.stringify(state) === before, `${type} leaves the state that it was given`);
        holds(
          isNews(state, message, now) ===
            (decided.entries.length > 0 || JSON.stringify(decided.state) !== before),
          "news",
        );
        const again = decideOrder(decided.state, message, now);
        const counts = type === "effect.failed" && message.retry;
        const news = again.entries.filter((entry) => entry.type !== "message.ignored");
        if (!COMMANDS.includes(type) && !counts) {
          holds(news.length === 0, `${type} is told once: ${JSON.stringify(news)}`);
          holds(JSON.stringify(again.state) === JSON.stringify(decided.state), `${type} changes once`);
        }
        holds(state.ended_at === null || decided.state.ended_at === state.ended_at, "an end stays");
        state = decided.state;
        holds(state.todo.filter((work) => work.effect.kind === "capture").length <= 1, "one capture");
        holds(isEnd(state.status) === (state.ended_at !== null), "an end has a time");
        const wake = orderWakeAt(state);
        const clocked = decideOrder(state, { type: "clock" }, now).state;
        const idle = JSON.stringify(clocked) === JSON.stringify(state) && orderDue(state, now).length === 0;
        holds(!idle || wake === null || Date.parse(wake) > now.getTime(), "it wakes only to do something");
        orderEvents(state);
        orderView(state, { entries: 0, head_hash: "", updated_at: T0 });
      }
    }),
    runs(1_500),
  );
});
