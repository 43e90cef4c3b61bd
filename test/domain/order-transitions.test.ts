import fc from "fast-check";
import { expect, test } from "vitest";
import type { ApprovalStatus, ApprovalView } from "../../src/domain/approval.ts";
import { decideOrder, newOrder } from "../../src/domain/order-decide.ts";
import { ORDER_TRANSITIONS, orderStatesDiagram } from "../../src/domain/order-transitions.ts";
import { ORDER_STATUSES, type OrderMessage, type OrderState } from "../../src/domain/order.ts";
import type { PaymentSnapshot } from "../../src/domain/payment.ts";
import { orders, play, scripts, worldOf } from "./scripts.ts";
import { ada, DAY, facts, plan, T0, type World } from "./world.ts";

const tabled = new Set(
  ORDER_STATUSES.flatMap((from) => ORDER_TRANSITIONS[from].map((to) => `${from} → ${to}`)),
);

/** The same walks each time, so that what fails here has changed. */
const WALKS = { seed: 20_260_101, numRuns: 1_000 };

test("orders whose events arrive at once take no step that the table does not have", () => {
  const settle = { name: "settle", move: (world: World) => world.settle() };
  for (const [order, script] of fc.sample(fc.tuple(orders, scripts(true)), WALKS)) {
    const { path } = play(worldOf(order), { list: script.list.flatMap((step) => [step, settle]) });
    const steps = path.slice(1).map((to, i) => `${path[i]} → ${to}`);
    expect(steps.filter((step) => !tabled.has(step))).toEqual([]);
  }
});

test("every step of the table can be taken", () => {
  const left = new Set(tabled);
  let frontier = (["none", "manual"] as const).flatMap((fulfilment) =>
    (["automatic", "manual"] as const).flatMap((capture) =>
      [null, plan].map((asks) => newOrder(facts({ capture, fulfilment, items: ONE_PEN }), asks)),
    ),
  );
  const seen = new Set<string>();
  const wanted = (state: OrderState) => [...left].some((step) => step.startsWith(`${state.status} → `));
  for (let depth = 0; depth < 5 && left.size > 0; depth++)
    // The last steps are taken only by those that still have something to show: all of them would take long.
    frontier = frontier.flatMap((state) => {
      if (depth >= 3 && !wanted(state)) return [];
      return messagesFor(state).flatMap((message) => {
        const at = message.type === "clock" ? Date.parse(T0) + 60 * DAY : Date.parse(T0);
        const next = decideOrder(state, message, new Date(at)).state;
        left.delete(`${state.status} → ${next.status}`);
        const shape = shapeOf(next);
        if (seen.has(shape)) return [];
        seen.add(shape);
        return [next];
      });
    });
  expect([...left]).toEqual([]);
}, 60_000);

test("the diagram in the documentation is drawn from the table", async () => {
  const page = `# The states of an order

Drawn from \`ORDER_TRANSITIONS\` in \`src/domain/order-transitions.ts\`, which a test compares with what orders do. Grey states
are ends: an order in one of them expects nothing more, though a refund or a dispute may still move it to another.

\`\`\`mermaid
${orderStatesDiagram()}
\`\`\`
`;
  await expect(page).toMatchFileSnapshot("../../docs/order-states.md");
});

const ONE_PEN = [{ sku: "pen", quantity: 1, unit_amount: 1_250 }];
const source = "webhook";

const payment = (change: Partial<PaymentSnapshot>): OrderMessage => ({
  type: "payment.seen",
  source,
  payment: {
    id: "pi_1",
    status: "requires_payment_method",
    amount: 1_250,
    currency: "usd",
    amount_capturable: 0,
    amount_captured: 0,
    capture_before: null,
    client_secret: null,
    failure: null,
    cancellation_reason: null,
    fee: null,
    ...change,
  },
});

const session = (status: "open" | "expired"): OrderMessage => ({
  type: "session.seen",
  source,
  session: { id: "cs_1", status, url: null, payment: null, payment_id: null },
});

const refunded = (amount: number, status: "succeeded" | "failed"): OrderMessage => ({
  type: "refund.seen",
  source,
  refund: { id: `re_${amount}`, refund_id: null, status, amount, failure: null },
});

const disputed = (status: string): OrderMessage => ({
  type: "dispute.seen",
  source,
  dispute: {
    id: "dp_1",
    status,
    amount: 1_250,
    reason: "fraudulent",
    withdrawn: 1_250,
    reinstated: status === "won" ? 1_250 : 0,
    fee: 0,
  },
});

/** One of everything that can reach an order in this state. */
function messagesFor(state: OrderState): OrderMessage[] {
  const report = (approval: ApprovalView, status: ApprovalStatus): OrderMessage => ({
    type: "approval.reported",
    approval: { ...approval, status, version: approval.version + 1 },
    entries: [],
  });
  return [
    payment({}),
    payment({ failure: { code: "generic_decline", message: "no" } }),
    payment({ status: "requires_action" }),
    payment({ status: "requires_capture", amount_capturable: 1_250 }),
    payment({ status: "succeeded", amount_captured: 1_250 }),
    payment({ status: "canceled" }),
    payment({ currency: "eur" }),
    session("open"),
    session("expired"),
    refunded(250, "succeeded"),
    refunded(250, "failed"),
    refunded(1_000, "succeeded"),
    refunded(1_250, "succeeded"),
    refunded(1_250, "failed"),
    disputed("needs_response"),
    disputed("won"),
    ...state.approvals
      .filter((approval) => approval.status === "pending")
      .flatMap((approval) => [report(approval, "approved"), report(approval, "rejected")]),
    { type: "cancel", actor: ada, reason: "no" },
    { type: "fulfilment", actor: ada, sku: "pen", quantity: 1 },
    { type: "payment_method", actor: ada, payment_method: "good" },
    { type: "capture", actor: ada, amount: null },
    { type: "resolve", actor: ada, action: "accept", reason: "fine" },
    { type: "submitted" },
    ...state.todo.flatMap(({ key, effect }): OrderMessage[] => [
      { type: "effect.failed", key, reason: "no", code: "no", retry: false },
      ...(effect.kind === "open_approval"
        ? [report(approvalOf(effect.approval_id, effect.refund_id), "pending")]
        : []),
    ]),
    { type: "clock" },
  ];
}

const approvalOf = (id: string, refund_id: string | null): ApprovalView => ({
  id,
  object: "approval",
  version: 0,
  kind: refund_id === null ? "order" : "refund",
  refund_id,
  subject_hash: null,
  status: "pending",
  gate: "finance",
  needed: 1,
  waiting_for: [],
  votes: [],
  deadline_at: T0,
  decided_by: null,
  decided_at: null,
});

/** What tells two states apart as far as the next status depends on it. */
const shapeOf = (s: OrderState): string =>
  JSON.stringify([
    [s.status, s.ending?.status, s.facts.fulfilment, s.facts.capture, s.plan !== null],
    [s.disputes.map((d) => d.status), s.fulfilled, s.capture, s.hold?.reason, s.hold?.accepted_by],
    [s.payment.status, s.payment.id, s.payment.failure?.code, s.payment.mismatch !== null],
    [s.payment.session_id, s.payment.session_complete, s.payment.session_expired],
    s.refunds.map((refund) => [refund.provider_id, refund.status]).sort(),
    s.approvals.map((approval) => approval.status),
    s.todo.map((work) => work.effect.kind).sort(),
  ]);
