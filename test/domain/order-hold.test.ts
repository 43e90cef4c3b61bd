import { describe, expect, test } from "vitest";
import { orderWakeAt } from "../../src/domain/order-decide.ts";
import { DAY, plan, World } from "./world.ts";

const MANUAL = { facts: { capture: "manual" as const } };

function authorized(options: ConstructorParameters<typeof World>[0] = MANUAL): World {
  const world = new World(options);
  world.performAll();
  world.provider.pay("good");
  world.settle();
  return world;
}

/** An authorized order of which somebody captured a part at the provider. */
function partlyTaken(options: ConstructorParameters<typeof World>[0] = MANUAL): World {
  const world = authorized(options);
  world.provider.captureAtDashboard(1_000);
  world.settle();
  return world;
}

/** An order whose payment is of another amount or currency. */
function wrong(change: { amount?: number; currency?: string }, options = {}): World {
  const world = new World(options);
  world.provider.wrong = change;
  world.performAll();
  world.provider.pay("good");
  world.settle();
  return world;
}

const because = (world: World) => world.told("message.ignored").at(-1)?.data["because"];

describe("a part that was captured outside of us", () => {
  test("holds the order for three days, tells the operator once, and then goes back", () => {
    const world = partlyTaken();
    expect(world.state).toMatchObject({
      status: "paid",
      ended_at: null,
      hold: { reason: "the provider captured 10.00 USD instead of 12.50 USD", accepted_by: null },
    });
    expect(world.alerts).toEqual(["order_held"]);
    world.redeliver(0);
    world.redeliver(1);
    world.wait(3 * DAY - 1);
    expect(world.told("order.held")).toHaveLength(1);
    expect(world.state.ended_at).toBeNull();
    expect(orderWakeAt(world.state)).toBe(world.state.hold?.until);
    world.wait(1);
    world.settle();
    expect(world.state.status).toBe("failed");
    expect(world.provider).toMatchObject({ captured: 1_000, refunded: 1_000 });
    expect(world.alerts).toEqual(["order_held"]);
  });

  test("completes the order once it is accepted, and time changes nothing any more", () => {
    const world = partlyTaken();
    world.resolve("accept");
    expect(world.state).toMatchObject({ status: "completed", hold: { accepted_by: "ada@example.com" } });
    world.wait(4 * DAY);
    world.redeliver(1);
    world.settle();
    expect(world.provider).toMatchObject({ captured: 1_000, refunded: 0 });
    world.resolve("give_back");
    expect(because(world)).toBe("the order is not held");
  });

  test("goes back at once when somebody says so", () => {
    const world = partlyTaken();
    world.resolve("give_back");
    world.settle();
    expect(world.state.status).toBe("failed");
    expect(world.provider.refunded).toBe(1_000);
    world.resolve("accept");
    expect(because(world)).toBe("the order is not held");
  });

  test("of which the merchant wanted another part is held as well", () => {
    const world = new World({ ...MANUAL, plan });
    world.performAll();
    world.capture(900);
    world.provider.pay("good");
    world.settle();
    world.provider.captureAtDashboard();
    world.settle();
    expect(world.state.hold?.reason).toBe("the provider captured 12.50 USD instead of 9.00 USD");
    world.resolve("give_back");
    world.settle();
    expect(world.provider.refunded).toBe(1_250);
  });

  test("does not decide for the approvers: their answer counts once it is accepted", () => {
    const world = partlyTaken({ plan });
    expect(world.state.status).toBe("paid");
    world.decideApproval("rejected");
    world.settle();
    expect(world.state.ended_at).toBeNull();
    world.resolve("accept");
    world.settle();
    expect(world.state.status).toBe("rejected");
    expect(world.provider.refunded).toBe(1_000);
  });

  test("given back, nobody is asked any longer", () => {
    const world = partlyTaken({ plan });
    world.resolve("give_back");
    world.settle();
    expect([...world.approvals.values()]).toMatchObject([{ status: "withdrawn" }]);
  });

  test("that turns out to be all of it releases the order by itself", () => {
    const world = partlyTaken();
    const payment = { ...world.provider.snapshot(), amount_captured: 1_250 };
    world.send({ type: "payment.seen", payment, source: "webhook" });
    expect(world.state).toMatchObject({ status: "completed", hold: null });
    expect(world.told("order.hold_released")).toHaveLength(1);
  });

  test("can be refunded while it is held, and is refunded once", () => {
    const world = partlyTaken();
    world.refund(400);
    world.settle();
    world.resolve("give_back");
    world.settle();
    expect(world.provider).toMatchObject({ captured: 1_000, refunded: 1_000 });
  });

  test("cannot be cancelled, and the trail says what to do instead", () => {
    const world = partlyTaken();
    world.cancel();
    expect(because(world)).toBe("the payment is captured; refund it instead");
  });
});

test("an order that is held while it is being fulfilled wakes for its hold, not for its fulfilment", () => {
  const world = new World({ facts: { fulfilment: "manual" } });
  world.performAll();
  world.provider.pay("good");
  world.settle();
  world.wait(29 * DAY);
  const payment = { ...world.provider.snapshot(), amount_captured: 1_300 };
  world.send({ type: "payment.seen", payment, source: "webhook" });
  expect(world.state.status).toBe("paid");
  world.wait(DAY);
  world.performAll();
  expect(world.state.ended_at).toBeNull();
  expect(orderWakeAt(world.state)).toBe(world.state.hold?.until);
});

describe("a payment that is not what was ordered", () => {
  test.each([{ amount: 1_000 }, { amount: 2_000 }, { currency: "eur" }])(
    "%o is held when it was taken, and goes back",
    (change) => {
      const world = wrong(change);
      expect(world.state).toMatchObject({ status: "paid", ended_at: null });
      expect(world.alerts).toEqual(["order_held"]);
      world.resolve("give_back");
      world.settle();
      expect(world.state.status).toBe("failed");
      expect(world.provider.refunded).toBe(change.amount ?? 1_250);
    },
  );

  test.each([{ amount: 1_000 }, { amount: 2_000 }])("%o is captured as it is once accepted", (change) => {
    const world = wrong(change, { plan });
    expect(world.state).toMatchObject({ status: "authorized", approvals: [] });
    world.resolve("accept");
    world.settle();
    expect(world.state.status).toBe("awaiting_approval");
    world.decideApproval("approved");
    world.settle();
    expect(world.state.status).toBe("completed");
    expect(world.provider.captured).toBe(change.amount);
  });

  test("accepted, is captured in part when the merchant says so, and never beyond what is held", () => {
    const world = wrong({ amount: 1_000 }, MANUAL);
    world.resolve("accept");
    world.capture(1_001);
    expect(because(world)).toBe("at most 1000 can be captured");
    world.capture(600);
    world.settle();
    expect(world.state.status).toBe("completed");
    expect(world.provider.captured).toBe(600);

    const early = new World(MANUAL);
    early.provider.wrong = { amount: 1_000 };
    early.performAll();
    early.capture();
    early.provider.pay("good");
    early.settle();
    early.resolve("accept");
    early.settle();
    expect(early.provider.captured).toBe(1_000);
  });

  test("only held, goes back as it came, also when the order is cancelled", () => {
    for (const giveUp of [(w: World) => w.resolve("give_back"), (w: World) => w.cancel()]) {
      const world = wrong({ amount: 2_000 }, { plan });
      giveUp(world);
      world.settle();
      expect(world.provider).toMatchObject({ held: 0, captured: 0 });
      expect(world.provider.payment).toMatchObject({ voids: 1 });
    }
  });

  test("that lapses while it is held ends the order expired", () => {
    const world = wrong({ amount: 2_000 }, { plan });
    world.provider.payment!.capture_before = new Date(world.now.getTime() + DAY).toISOString();
    world.wait(DAY);
    world.settle();
    expect(world.state.status).toBe("expired");
  });

  test("is told in the money that was paid", () => {
    const world = wrong({ currency: "jpy" });
    expect(world.told("payment.mismatch")).toMatchObject([
      { data: { problem: "the provider's payment is 1,250 JPY, the order is 12.50 USD" } },
    ]);
    expect(world.told("payment.captured")).toMatchObject([{ data: { amount: 1_250, currency: "jpy" } }]);
  });
});

test("an order that is not held is not resolved", () => {
  const world = authorized();
  const { state } = world;
  world.resolve("give_back");
  expect(because(world)).toBe("the order is not held");
  expect(world.state).toEqual(state);
});

describe("a second payment that names the order", () => {
  const second = (world: World, change: object) => ({
    ...world.provider.snapshot(),
    id: "pi_2",
    ...change,
  });
  const completed = () => {
    const world = authorized();
    world.capture();
    world.settle();
    return world;
  };

  test("that took money is told to the operator once, and moves nothing here", () => {
    const world = completed();
    for (let i = 0; i < 2; i++)
      world.send({ type: "payment.seen", payment: second(world, {}), source: "webhook" });
    world.settle();
    expect(world.alerts).toEqual(["second_payment"]);
    expect(world.state).toMatchObject({ status: "completed", strays: ["pi_2"] });
    expect(world.state.payment.id).toBe("pi_1");
  });

  test("that took nothing is only noted", () => {
    const world = completed();
    const payment = second(world, { status: "requires_payment_method", amount_captured: 0 });
    world.send({ type: "payment.seen", payment, source: "webhook" });
    expect(world.alerts).toEqual([]);
    expect(world.state.strays).toEqual([]);
  });

  test("and is refunded, is no refund of the order's own", () => {
    const world = completed();
    world.send({ type: "charge.refunded", payment_id: "pi_2", amount_refunded: 1_250, source: "webhook" });
    expect(because(world)).toBe("another payment is attached to this order");
    expect(world.state).toMatchObject({ status: "completed", refunded_at_provider: 0 });
    world.send({ type: "charge.refunded", payment_id: "pi_1", amount_refunded: 1_250, source: "webhook" });
    expect(world.state.status).toBe("refunded");
  });
});
