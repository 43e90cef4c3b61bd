import { describe, expect, test } from "vitest";
import { orderWakeAt } from "../../src/domain/order-decide.ts";
import { isAtRest, refundableAmount, refundedAmount } from "../../src/domain/order.ts";
import { resultView } from "../../src/domain/order-view.ts";
import type { Card } from "./simulated-provider.ts";
import { DAY, HOUR, plan, World } from "./world.ts";

/** An order whose page is open. */
function opened(options: ConstructorParameters<typeof World>[0] = {}): World {
  const world = new World(options);
  world.performAll();
  return world;
}

/** An order that was paid with this card, and everything that followed at once. */
function paid(options: ConstructorParameters<typeof World>[0] = {}, card: Card = "good"): World {
  const world = opened(options);
  world.provider.pay(card);
  world.settle();
  return world;
}

const withApproval = { plan };
const byHand = { facts: { fulfilment: "manual" as const } };

describe("an order that asks nobody", () => {
  test("is captured as soon as it is paid, and ends", () => {
    const world = paid();
    expect(world.path).toEqual(["created", "awaiting_payment", "completed"]);
    expect(world.types()).toEqual([
      "order.created",
      "checkout.opened",
      "payment.captured",
      "order.completed",
    ]);
    expect(world.provider.payment).toMatchObject({ captured: 1_250, captures: 1 });
    expect(isAtRest(world.state)).toBe(true);
    expect(resultView(world.state)).toMatchObject({ status: "completed", amount_captured: 1_250 });
  });

  test("is captured by us when the provider only held the money", () => {
    const world = opened();
    world.send({
      type: "payment.seen",
      payment: { ...heldPayment, amount: 1_250, amount_capturable: 1_250 },
      source: "webhook",
    });
    expect(world.state.status).toBe("capturing");
    expect(world.due.map((work) => work.effect)).toEqual([{ kind: "capture", amount: 1_250 }]);
  });
});

describe("an order that needs approval", () => {
  test("is held, approved and only then captured", () => {
    const world = paid(withApproval);
    expect(world.state.status).toBe("awaiting_approval");
    expect(world.provider).toMatchObject({ held: 1_250, captured: 0 });
    world.decideApproval("approved");
    world.settle();
    expect(world.path).toEqual([
      "created",
      "awaiting_payment",
      "awaiting_approval",
      "capturing",
      "completed",
    ]);
    expect(world.provider).toMatchObject({ held: 0, captured: 1_250 });
  });

  test.each(["rejected", "expired"] as const)("is voided when it is %s", (outcome) => {
    const world = paid(withApproval);
    world.decideApproval(outcome);
    world.settle();
    expect(world.state.status).toBe("rejected");
    expect(world.provider.payment).toMatchObject({ status: "canceled", captured: 0, voids: 1 });
    expect(world.told("order.rejected")).toMatchObject([{ data: { reason: `approval ${outcome}` } }]);
  });

  test("that was sent back for changes is asked again once it is amended, and less is captured", () => {
    const world = paid(withApproval);
    world.decideApproval("changes_requested");
    world.settle();
    expect(world.state.status).toBe("awaiting_approval");
    world.amend({ amount: 1_000 });
    expect(world.told("message.ignored").at(-1)?.data["because"]).toContain("change both together");
    world.amend({ amount: 1_000, items: [{ sku: "pen", quantity: 2, unit_amount: 500 }] });
    world.settle();
    expect(world.state.approvals).toMatchObject([{ status: "pending" }]);
    expect(world.told("order.amended")).toMatchObject([
      {
        data: { changes: [{ field: "amount", before: "12.50 USD", after: "10.00 USD" }, { field: "items" }] },
      },
    ]);
    world.decideApproval("approved");
    world.settle();
    expect(world.state.status).toBe("completed");
    expect(world.provider).toMatchObject({ held: 0, captured: 1_000 });
  });

  test("that was sent back for changes is rejected when nobody amends it", () => {
    const world = paid(withApproval);
    world.decideApproval("changes_requested");
    world.toRest();
    expect(world.state.status).toBe("rejected");
    expect(world.provider.payment).toMatchObject({ status: "canceled", captured: 0, voids: 1 });
  });

  test("that is amended while the last person decides is asked about again", () => {
    const world = paid(withApproval);
    world.decideApproval("approved");
    world.amend({ description: "blue ones" });
    world.settle();
    expect(world.state.status).toBe("awaiting_approval");
    expect(world.state.approvals).toMatchObject([{ status: "approved" }, { status: "pending" }]);
    expect(world.provider).toMatchObject({ captured: 0 });
    world.decideApproval("approved");
    world.settle();
    expect(world.state.status).toBe("completed");
  });

  test("is rejected when nobody answers, and the money is released before it lapses", () => {
    const world = paid(withApproval);
    const lapses = Date.parse(world.provider.payment!.capture_before!);
    world.toRest();
    expect(world.state.status).toBe("rejected");
    expect(world.provider.payment).toMatchObject({ status: "canceled", voids: 1 });
    expect(Date.parse(world.state.ended_at!)).toBeLessThan(lapses);
  });

  test("withdraws the question when it is cancelled meanwhile", () => {
    const world = paid(withApproval);
    world.cancel("out of stock");
    expect(world.state.ended_at).toBeNull();
    world.settle();
    expect(world.state.status).toBe("cancelled");
    expect(world.provider.payment).toMatchObject({ status: "canceled", voids: 1 });
    expect([...world.approvals.values()]).toMatchObject([{ status: "withdrawn" }]);
  });

  test("stays cancelled when the approval arrives just after the cancellation", () => {
    const world = paid(withApproval);
    world.decideApproval("approved");
    world.cancel();
    world.settle();
    expect(world.state.status).toBe("cancelled");
    expect(world.provider.payment).toMatchObject({ captured: 0, voids: 1 });
    expect(world.asked("capture")).toEqual([]);
  });

  test("is not asked about again by a report from before it was withdrawn", () => {
    const world = paid(withApproval);
    const [approval] = [...world.approvals.values()];
    world.cancel();
    world.performAll();
    const stale = { ...approval!, version: 2 };
    world.send({ type: "approval.reported", approval: stale, entries: [] });
    expect(world.asked("withdraw_approval")).toEqual([]);
    expect(world.state.approvals).toMatchObject([{ status: "withdrawn" }]);
  });

  test("hears a report once, though it is delivered again to its next segment", () => {
    const world = paid(withApproval);
    world.decideApproval("approved");
    const report = world.reports[0]!;
    world.settle();
    expect(world.state.status).toBe("completed");
    expect(world.send(report)).toEqual([]);
    expect(world.told("approval.approved")).toHaveLength(1);
  });

  test("asks also when the money was captured at the provider before anybody was asked", () => {
    const world = opened(withApproval);
    world.provider.pay("good");
    world.provider.captureAtDashboard();
    world.settle();
    expect(world.state.status).toBe("awaiting_approval");
    world.decideApproval("approved");
    world.settle();
    expect(world.state.status).toBe("completed");
    expect(world.provider).toMatchObject({ captured: 1_250, refunded: 0 });
  });

  test("gives back what was captured at the provider's dashboard when it is rejected", () => {
    const world = paid(withApproval);
    world.provider.captureAtDashboard();
    world.settle();
    expect(world.state.status).toBe("awaiting_approval");
    world.decideApproval("rejected");
    world.settle();
    expect(world.state.status).toBe("rejected");
    expect(world.provider).toMatchObject({ captured: 1_250, refunded: 1_250 });
    expect(world.told("payment.late")).toHaveLength(1);
  });

  test("ends cancelled when the authorization is cancelled at the provider", () => {
    const world = paid(withApproval);
    world.provider.cancelAtDashboard();
    world.settle();
    expect(world.state.status).toBe("cancelled");
    expect([...world.approvals.values()]).toMatchObject([{ status: "withdrawn" }]);
  });
});

describe("an order that is cancelled", () => {
  test("before anything was opened waits for the opening and closes the page", () => {
    const world = new World();
    world.perform("lost");
    world.cancel();
    expect(world.state.ended_at).toBeNull();
    world.wait(2_000);
    world.settle();
    expect(world.state.status).toBe("cancelled");
    expect(world.provider.session).toMatchObject({ status: "expired" });
  });

  test("while its page is open closes the page", () => {
    const world = opened();
    world.cancel();
    world.performAll();
    expect(world.state.status).toBe("cancelled");
    expect(world.provider.session).toMatchObject({ status: "expired" });
  });

  test.each(["client", "confirm"] as const)("in mode %s voids its unpaid payment", (payment_mode) => {
    const world = opened({ facts: { payment_mode, payment_method: "3ds" } });
    world.cancel();
    world.performAll();
    expect(world.state.status).toBe("cancelled");
    expect(world.provider.payment).toMatchObject({ status: "canceled" });
  });

  test("while a slow payment is under way waits for it without hurry, and refunds it", () => {
    const world = paid({}, "slow");
    world.cancel();
    world.performAll();
    expect(world.state.ended_at).toBeNull();
    expect(world.due).toEqual([]);
    world.toRest();
    expect(world.state.status).toBe("cancelled");
    expect(world.provider).toMatchObject({ captured: 1_250, refunded: 1_250 });
  });

  test("and paid at the same moment is refunded once, whichever event comes first", () => {
    const world = opened();
    world.provider.pay("good");
    world.cancel();
    world.settle();
    world.redeliver(0);
    world.redeliver(1);
    world.toRest();
    expect(world.state.status).toBe("cancelled");
    expect(world.provider.refunds).toMatchObject([{ amount: 1_250, status: "succeeded" }]);
    expect(world.told("payment.late")).toHaveLength(1);
  });

  test("after a capture that worked but was never heard of is refunded", () => {
    const world = paid(withApproval);
    world.decideApproval("approved");
    world.hear();
    expect(world.asked("capture")).toHaveLength(1);
    world.perform("lost");
    world.cancel();
    world.toRest();
    expect(world.state.status).toBe("cancelled");
    expect(world.provider).toMatchObject({ captured: 1_250, refunded: 1_250, held: 0 });
  });

  test("after its end, or twice, is told why not", () => {
    const world = paid();
    expect(world.cancel()).toMatchObject([
      { type: "message.ignored", data: { message: "cancel", because: "the order is already completed" } },
    ]);
    const cancelled = opened();
    cancelled.cancel();
    expect(cancelled.cancel()).toMatchObject([{ data: { because: "the order is already cancelled" } }]);
  });

  test("gives back the rest when somebody at the provider already refunded a part", () => {
    const world = opened();
    world.provider.pay("good");
    world.cancel();
    world.provider.refundAtDashboard(100);
    world.performAll();
    expect(world.told("effect.failed")).toMatchObject([{ data: { effect: "refund" } }]);
    world.toRest();
    expect(world.provider).toMatchObject({ captured: 1_250, refunded: 1_250 });
  });
});

describe("an order that nobody pays", () => {
  test("expires at its time, and its page closes", () => {
    const world = opened();
    expect(orderWakeAt(world.state)).toBe(world.state.pay_by);
    world.wait(24 * HOUR);
    world.performAll();
    expect(world.state.status).toBe("expired");
    expect(world.provider.session).toMatchObject({ status: "expired" });
  });

  test("expires with its page, whichever of page and payment is heard of first", () => {
    for (const first of [0, 1, 2]) {
      const world = opened();
      world.provider.pay("declined");
      world.wait(24 * HOUR);
      world.deliver(first);
      world.toRest();
      expect(world.state).toMatchObject({ status: "expired" });
    }
  });

  test("expires though its payment hangs in 3-D Secure", () => {
    const world = paid({ facts: { payment_mode: "confirm", payment_method: "3ds" } });
    expect(world.state.status).toBe("requires_action");
    world.toRest();
    expect(world.state.status).toBe("expired");
    expect(world.provider.payment).toMatchObject({ status: "canceled" });
  });

  test("voids an authorization that arrives after it expired, once", () => {
    const world = opened({ ...withApproval, facts: { payment_mode: "client" } });
    world.provider.pay("good");
    // Late: the provider's own answer to the void is lost as well, and the event comes after.
    world.wait(25 * HOUR);
    world.perform("lost");
    world.toRest();
    expect(world.state.status).toBe("expired");
    expect(world.provider.payment).toMatchObject({ status: "canceled", voids: 1 });
    world.redeliver(1);
    expect(world.asked("void")).toEqual([]);
  });

  test("refunds a payment that arrives after it expired, once", () => {
    const world = opened({ facts: { payment_mode: "client" } });
    world.provider.pay("good");
    world.wait(25 * HOUR);
    world.toRest();
    expect(world.state.status).toBe("expired");
    expect(world.provider.refunds).toMatchObject([{ amount: 1_250 }]);
    expect(world.told("order.expired")).toHaveLength(1);
  });
});

describe("a payment with difficulties", () => {
  test("that is declined may be tried again", () => {
    const world = paid({}, "declined");
    expect(world.state.status).toBe("payment_failed");
    expect(world.told("payment.failed")).toMatchObject([{ data: { code: "generic_decline" } }]);
    world.provider.pay("good");
    world.settle();
    expect(world.path).toEqual(["created", "awaiting_payment", "payment_failed", "completed"]);
  });

  test("that is declined twice says so twice when we tried it", () => {
    const world = opened({ facts: { payment_mode: "confirm", payment_method: "declined" } });
    expect(world.state.status).toBe("payment_failed");
    world.retryWith("stolen");
    world.performAll();
    expect(world.told("payment.failed").map((entry) => entry.data["code"])).toEqual([
      "generic_decline",
      "stolen_card",
    ]);
    world.retryWith("3ds");
    world.performAll();
    expect(world.state.status).toBe("requires_action");
    world.provider.authenticate(true);
    world.settle();
    expect(world.state.status).toBe("completed");
  });

  test("takes one new card at a time", () => {
    const world = opened({ facts: { payment_mode: "confirm", payment_method: "declined" } });
    world.retryWith("3ds");
    expect(world.retryWith("good")).toMatchObject([
      { type: "message.ignored", data: { because: "an attempt to pay is under way" } },
    ]);
    expect(world.asked("confirm_payment")).toHaveLength(1);
  });

  test("walks through 3-D Secure", () => {
    const world = paid({}, "3ds");
    expect(world.state.status).toBe("requires_action");
    world.provider.authenticate(true);
    world.settle();
    expect(world.state.status).toBe("completed");
  });

  test("is not tried with a new card once the order is cancelled", () => {
    const world = opened({ facts: { payment_mode: "confirm", payment_method: "declined" } });
    world.retryWith("good");
    world.perform("down");
    world.cancel();
    world.toRest();
    expect(world.provider.captured).toBe(0);
  });

  test.each([{ amount: 1 }, { currency: "eur" }])(
    "of %o instead is held, and never completes the order",
    (wrong) => {
      const world = new World(withApproval);
      world.provider.wrong = wrong;
      world.performAll();
      world.provider.pay("good");
      world.settle();
      expect(world.told("payment.mismatch")).toHaveLength(1);
      expect(world.state.status).toBe("authorized");
      expect(world.state.hold).toMatchObject({ accepted_by: null });
      expect(world.alerts).toEqual(["order_held"]);
      expect(world.asked("capture")).toEqual([]);
      expect(world.approvals.size).toBe(0);
      world.toRest();
      expect(world.state.status).toBe("failed");
      expect(world.provider).toMatchObject({ held: 0, captured: 0 });
    },
  );

  test("of another amount that was taken at once is given back", () => {
    const world = new World();
    world.provider.wrong = { amount: 1_000 };
    world.performAll();
    world.provider.pay("good");
    world.toRest();
    expect(world.state.status).toBe("failed");
    expect(world.provider).toMatchObject({ captured: 1_000, refunded: 1_000 });
  });
});

describe("a refund", () => {
  test("in parts is counted once, though events and answers tell it twice", () => {
    const world = paid();
    world.refund(500);
    world.settle();
    expect(world.state.status).toBe("partially_refunded");
    expect(refundedAmount(world.state)).toBe(500);
    world.refund(null);
    world.settle();
    expect(world.state.status).toBe("refunded");
    expect(refundedAmount(world.state)).toBe(1_250);
    expect(world.state.refunds).toHaveLength(2);
  });

  test.each([
    ["the event first", ["deliver", "perform"]],
    ["our own answer first", ["perform", "deliver"]],
  ])("is one refund, with %s", (_, order) => {
    const world = paid();
    world.refund(500);
    // Performed, but its answer is lost; the repetition comes after the event, or before it.
    world.perform("lost");
    world.wait(2_000);
    for (const what of order) {
      if (what === "perform") world.performAll();
      else world.deliverAll();
    }
    expect(world.state.refunds).toMatchObject([{ id: "rfd_1", provider_id: "re_1", status: "succeeded" }]);
    expect(refundedAmount(world.state)).toBe(500);
    expect(world.told("refund.succeeded")).toHaveLength(1);
    expect(world.told("payment.refunded")).toEqual([]);
    expect(world.provider.refunded).toBe(500);
  });

  test("that only the charge tells of counts until the refund itself is heard of", () => {
    const world = paid();
    world.send({ type: "charge.refunded", amount_refunded: 300, source: "webhook" });
    expect(world.state.status).toBe("partially_refunded");
    expect(refundedAmount(world.state)).toBe(300);
    const refund = { id: "re_9", refund_id: null, status: "succeeded", amount: 300, failure: null } as const;
    world.send({ type: "refund.seen", refund, source: "webhook" });
    expect(refundedAmount(world.state)).toBe(300);
  });

  test("that the provider refused does not hide one that it made", () => {
    const world = paid();
    world.refund(300);
    world.perform("refused");
    world.send({ type: "charge.refunded", amount_refunded: 300, source: "webhook" });
    expect(refundedAmount(world.state)).toBe(300);
    expect(refundableAmount(world.state)).toBe(950);
  });

  test("that needs the customer's action is money on its way", () => {
    const world = paid();
    const refund = {
      id: "re_9",
      refund_id: null,
      status: "requires_action",
      amount: 1_000,
      failure: null,
    } as const;
    world.send({ type: "refund.seen", refund, source: "webhook" });
    expect(refundableAmount(world.state)).toBe(250);
  });

  test("of more than is left is refused, waiting ones included", () => {
    const world = paid();
    world.refund(1_000, plan);
    const before = world.entries.length;
    world.refund(500);
    expect(world.entries.slice(before)).toMatchObject([
      { type: "message.ignored", data: { because: "only 250 can still be refunded", amount: 500 } },
    ]);
  });

  test("of an order that was not captured is refused", () => {
    const world = paid(withApproval);
    world.refund(null);
    expect(world.state.refunds).toEqual([]);
  });

  test("that needs approval is made after it, and not before", () => {
    const world = paid();
    world.refund(800, plan);
    world.settle();
    expect(world.provider.refunded).toBe(0);
    expect(world.state).toMatchObject({ status: "completed", refunds: [{ status: "awaiting_approval" }] });
    world.decideApproval("approved");
    world.settle();
    expect(world.state).toMatchObject({ status: "partially_refunded", refunds: [{ status: "succeeded" }] });
    expect(world.provider.refunded).toBe(800);
  });

  test("that is rejected is not made", () => {
    const world = paid();
    world.refund(800, plan);
    world.settle();
    world.decideApproval("rejected");
    world.settle();
    expect(world.state).toMatchObject({ status: "completed", refunds: [{ status: "rejected" }] });
    expect(world.provider.refunded).toBe(0);
    expect(refundableAmount(world.state)).toBe(1_250);
  });

  test("that fails later is money that we still have", () => {
    const world = paid();
    world.refund(null);
    world.settle();
    expect(world.state.status).toBe("refunded");
    world.provider.endRefund(0, "failed");
    world.settle();
    expect(world.state.status).toBe("completed");
    expect(refundedAmount(world.state)).toBe(0);
    world.refund(null);
    world.settle();
    expect(world.state.status).toBe("refunded");
  });

  test("made at the provider's dashboard is taken over", () => {
    const world = paid();
    world.provider.refundAtDashboard(200);
    world.settle();
    expect(world.state).toMatchObject({
      status: "partially_refunded",
      refunds: [{ amount: 200, reason: "made at the provider", provider_id: "re_1" }],
    });
  });

  test("of everything ends an order that is still being fulfilled; of a part does not", () => {
    const world = paid(byHand);
    world.refund(250);
    world.settle();
    expect(world.state.status).toBe("fulfilling");
    world.refund(null);
    world.settle();
    expect(world.state.status).toBe("refunded");
    expect(world.fulfil("pen")).toMatchObject([{ type: "message.ignored" }]);
  });

  test("that was asked twice with one id is made once", () => {
    const world = paid();
    const command = {
      type: "refund",
      actor: { type: "api", id: "ada" },
      refund_id: "rfd_x",
      amount: 100,
    } as const;
    world.send({ ...command, reason: "broken", plan: null });
    world.send({ ...command, reason: "broken", plan: null });
    world.settle();
    expect(world.provider.refunds).toHaveLength(1);
  });
});

describe("a dispute", () => {
  test.each([
    ["won", "completed"],
    ["lost", "disputed"],
  ] as const)("that is %s leaves the order %s", (outcome, status) => {
    const world = paid();
    world.provider.changeDispute("needs_response");
    world.settle();
    expect(world.state.status).toBe("disputed");
    world.provider.changeDispute("under_review");
    world.provider.changeDispute(outcome);
    world.settle();
    expect(world.state.status).toBe(status);
    expect(world.types()).toEqual(
      expect.arrayContaining(["dispute.opened", "dispute.updated", "dispute.closed"]),
    );
  });

  test("is what an order ends with, though it was refunded in full while being fulfilled", () => {
    const world = paid(byHand);
    world.provider.changeDispute("needs_response");
    world.settle();
    world.refund(null);
    world.settle();
    expect(world.state.status).toBe("disputed");
    expect(world.path).not.toContain("refunded");
  });
});

describe("fulfilment by hand", () => {
  test("moves item by item, and then the order is complete", () => {
    const world = paid(byHand);
    expect(world.state.status).toBe("fulfilling");
    expect(world.fulfil("pen")).toMatchObject([{ type: "fulfilment.item", data: { fulfilled: 1, of: 2 } }]);
    world.fulfil("pen");
    expect(world.state.status).toBe("fulfilling");
    world.fulfil("ink");
    expect(world.state).toMatchObject({ status: "completed", fulfilled: { pen: 2, ink: 1 } });
  });

  test.each(["glue", "constructor", "__proto__", "toString"])(
    "of %s, which was not ordered, is refused",
    (sku) => {
      const world = paid(byHand);
      expect(world.fulfil(sku)).toMatchObject([
        { type: "message.ignored", data: { because: `${sku}: 0 ordered, 1 would be fulfilled` } },
      ]);
      expect(world.state.fulfilled).toEqual({});
    },
  );

  test.each(["constructor", "__proto__"])("counts an item that is called %s", (sku) => {
    const world = paid({ facts: { ...byHand.facts, items: [{ sku, quantity: 2, unit_amount: 625 }] } });
    world.fulfil(sku);
    expect(world.state.status).toBe("fulfilling");
    world.fulfil(sku);
    expect(world.state.status).toBe("completed");
  });

  test("that does not come in time fails the order, and the money can be refunded", () => {
    const world = paid(byHand);
    world.wait(30 * DAY);
    expect(world.state.status).toBe("failed");
    world.refund(null);
    world.settle();
    expect(world.provider.refunded).toBe(1_250);
  });
});

describe("a provider that is down", () => {
  test("is asked ever more rarely, the trail says so ever more rarely, and the order gets through", () => {
    const world = new World();
    let waited = 0;
    for (let attempt = 1; attempt <= 12; attempt++) {
      world.perform("down");
      expect(world.due).toEqual([]);
      const pause = Date.parse(world.asked("open_payment")[0]!.due_at) - world.now.getTime();
      expect(pause).toBeGreaterThanOrEqual(Math.min(waited, 300_000));
      expect(pause).toBeLessThanOrEqual(360_000);
      waited = pause / 1.2;
      world.wait(pause);
    }
    expect(world.told("effect.retrying").map((entry) => entry.data["attempts"])).toEqual([1, 2, 4, 8]);
    expect(new Set(world.asked("open_payment").map((work) => work.key)).size).toBe(1);
    world.performAll();
    expect(world.state.status).toBe("awaiting_payment");
  });

  test("for longer than an order lives holds it open until its payment is known to be closed", () => {
    const world = new World({ facts: { payment_mode: "client" } });
    world.perform("lost");
    for (let hour = 0; hour < 26; hour++) {
      world.wait(HOUR);
      world.perform("lost");
    }
    expect(world.state).toMatchObject({ ending: { status: "expired" }, ended_at: null });
    world.toRest();
    expect(world.state.status).toBe("expired");
    expect(world.provider.payment).toMatchObject({ status: "canceled" });
  });

  test("that answers with what it said before is not asked in a hurry", () => {
    const world = paid(withApproval);
    world.decideApproval("approved");
    world.hear();
    for (let round = 1; round <= 5; round++) {
      const [capture] = world.asked("capture");
      world.wait(Math.max(0, Date.parse(capture!.due_at) - world.now.getTime()));
      world.send({
        type: "effect.done",
        key: capture!.key,
        result: { kind: "payment", payment: world.provider.snapshot() },
      });
      expect(world.asked("capture")).toMatchObject([{ attempts: round }]);
      expect(world.due).toEqual([]);
    }
  });
});

describe("what the provider refuses for good", () => {
  test("is the end when it is the payment itself", () => {
    const world = new World();
    world.perform("refused");
    expect(world.state).toMatchObject({
      status: "failed",
      ending: { reason: "the provider does not want to" },
    });
  });

  test("releases the money when it is the capture", () => {
    const world = paid(withApproval);
    world.decideApproval("approved");
    world.hear();
    world.perform("refused");
    world.performAll();
    expect(world.state.status).toBe("failed");
    expect(world.provider.payment).toMatchObject({ status: "canceled", captured: 0 });
  });

  test("does not hide that the money moved after all", () => {
    const world = paid(withApproval);
    world.cancel();
    world.perform("refused");
    world.settle();
    expect(world.state.status).toBe("cancelled");
    world.provider.captureAtDashboard();
    world.settle();
    expect(world.provider).toMatchObject({ captured: 1_250, refunded: 1_250 });
  });
});

describe("messages that no longer apply", () => {
  test("of another payment are answered and change nothing", () => {
    const world = paid();
    const { state } = world;
    const other = { ...heldPayment, id: "pi_other", amount_capturable: 0 };
    expect(world.send({ type: "payment.seen", payment: other, source: "webhook" })).toMatchObject([
      { type: "message.ignored", data: { payment_id: "pi_other" } },
    ]);
    expect(world.state).toEqual(state);
  });

  test("to an order that was ended before it was submitted open nothing", () => {
    const world = new World();
    const ended_at = world.state.facts.created_at;
    const ending = { status: "cancelled", reason: "never mind" } as const;
    world.state = { ...world.state, serial: 0, todo: [], status: "cancelled", ending, ended_at };
    world.send({ type: "submitted" });
    expect(world.state.todo).toEqual([]);
  });

  test("notes are kept in every state", () => {
    const world = paid();
    expect(world.note("thank you")).toMatchObject([{ type: "note", data: { text: "thank you" } }]);
  });
});

const heldPayment = {
  id: "pi_1",
  status: "requires_capture",
  amount: 1_250,
  currency: "usd",
  amount_capturable: 1_250,
  amount_captured: 0,
  capture_before: null,
  client_secret: null,
  failure: null,
  cancellation_reason: null,
  fee: null,
} as const;
