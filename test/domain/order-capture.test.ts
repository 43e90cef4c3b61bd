import { expect, test } from "vitest";
import { orderWakeAt } from "../../src/domain/order-decide.ts";
import { DAY, HOUR, plan, World } from "./world.ts";

const MANUAL = { facts: { capture: "manual" as const } };

/** An authorized order that waits for its capture. */
function authorized(options: ConstructorParameters<typeof World>[0] = MANUAL): World {
  const world = new World(options);
  world.performAll();
  world.provider.pay("good");
  world.settle();
  return world;
}

const because = (world: World) => world.told("message.ignored").at(-1)?.data["because"];

test("the merchant captures all of it", () => {
  const world = authorized();
  expect(world.state.status).toBe("authorized");
  expect(world.asked("capture")).toEqual([]);
  world.capture();
  expect(world.state.status).toBe("capturing");
  world.settle();
  expect(world.path).toEqual(["created", "awaiting_payment", "authorized", "capturing", "completed"]);
  expect(world.provider).toMatchObject({ captured: 1_250, held: 0 });
  expect(world.alerts).toEqual([]);
});

test("the merchant captures a part: the order is complete, and only the part can be refunded", () => {
  const world = authorized();
  world.capture(1_000);
  world.settle();
  expect(world.state).toMatchObject({ status: "completed", hold: null, payment: { amount_captured: 1_000 } });
  world.refund(1_001);
  expect(because(world)).toBe("only 1000 can still be refunded");
  world.refund(null);
  world.settle();
  expect(world.state.status).toBe("refunded");
  expect(world.provider).toMatchObject({ captured: 1_000, refunded: 1_000 });
});

test("what was asked before the customer paid is done as soon as they do", () => {
  const world = new World(MANUAL);
  world.performAll();
  world.capture(500);
  world.provider.pay("good");
  world.settle();
  expect(world.state.status).toBe("completed");
  expect(world.provider.captured).toBe(500);
});

test("the last word before the capture counts", () => {
  const world = new World(MANUAL);
  world.performAll();
  world.capture(500);
  world.capture(700);
  world.provider.pay("good");
  world.settle();
  expect(world.provider.captured).toBe(700);
});

test("what cannot be captured is answered with the reason, and changes nothing", () => {
  const world = authorized();
  const { state } = world;
  world.capture(1_251);
  expect(because(world)).toBe("at most 1250 can be captured");
  expect(world.state).toEqual(state);
  world.capture();
  world.capture(1);
  expect(because(world)).toBe("the payment is already being captured");
  world.settle();
  world.capture(1);
  expect(because(world)).toBe("the order is already completed");
  expect(world.provider.captured).toBe(1_250);

  const automatic = new World();
  automatic.performAll();
  automatic.capture(1);
  expect(because(automatic)).toBe("the payment is captured as soon as it is paid");
});

test("a capture does not go round an approval, before it or after", () => {
  const world = authorized({ ...MANUAL, plan });
  world.capture(1_000);
  world.settle();
  expect(world.state.status).toBe("awaiting_approval");
  expect(world.provider.captured).toBe(0);
  world.decideApproval("approved");
  world.settle();
  expect(world.state.status).toBe("completed");
  expect(world.provider.captured).toBe(1_000);

  const approved = authorized({ ...MANUAL, plan });
  approved.decideApproval("approved");
  approved.settle();
  expect(approved.state.status).toBe("authorized");
  approved.capture();
  approved.settle();
  expect(approved.provider.captured).toBe(1_250);

  const rejected = authorized({ ...MANUAL, plan });
  rejected.capture();
  rejected.decideApproval("rejected");
  rejected.settle();
  expect(rejected.state.status).toBe("rejected");
  expect(rejected.provider).toMatchObject({ captured: 0, held: 0 });
});

test("the operator is warned once, a day before the authorization lapses", () => {
  const world = authorized();
  expect(orderWakeAt(world.state)).toBe("2026-01-07T00:00:00.000Z");
  world.wait(6 * DAY - 1);
  world.settle();
  expect(world.alerts).toEqual([]);
  world.wait(1);
  world.settle();
  world.wait(HOUR);
  world.settle();
  expect(world.alerts).toEqual(["authorization_lapsing"]);
  expect(world.state.status).toBe("authorized");
  expect(orderWakeAt(world.state)).toBe("2026-01-07T23:00:00.000Z");
});

test("an hour before it lapses the money is given back, in time", () => {
  const world = authorized();
  world.wait(7 * DAY - HOUR);
  world.settle();
  expect(world.state).toMatchObject({ status: "expired" });
  expect(world.provider.payment).toMatchObject({ status: "canceled", voids: 1, lapsed: false });
  world.capture();
  expect(because(world)).toBe("the order is already expired");
});

test("a capture in the last day is still in time", () => {
  const world = authorized();
  world.wait(7 * DAY - 2 * HOUR);
  world.capture();
  world.settle();
  expect(world.state.status).toBe("completed");
  expect(world.provider.captured).toBe(1_250);
});

test("an authorization that does not say when it lapses is given back in its sixth day", () => {
  const world = new World({ facts: { capture: "manual", payment_mode: "client" } });
  world.performAll();
  world.provider.pay("good");
  world.send({
    type: "payment.seen",
    payment: { ...world.provider.snapshot(), capture_before: null },
    source: "webhook",
  });
  expect(world.state).toMatchObject({ status: "authorized", payment: { capture_before: null } });
  expect(orderWakeAt(world.state)).toBe("2026-01-06T00:00:00.000Z");
  world.wait(6 * DAY - HOUR);
  world.performAll();
  expect(world.state.status).toBe("expired");
  expect(world.provider.payment).toMatchObject({ voids: 1, lapsed: false });
});

test("an authorization that lapsed while the provider could not be reached ends the order expired", () => {
  const world = authorized();
  world.capture();
  world.perform("down");
  world.wait(8 * DAY);
  world.settle();
  expect(world.state).toMatchObject({
    status: "expired",
    ending: { reason: "the authorization lapsed before it was captured" },
  });
  expect(world.provider.captured).toBe(0);
});

test("a capture that the provider refuses fails the order, gives the money back and tells the operator", () => {
  const world = authorized();
  world.capture();
  world.perform("refused");
  world.settle();
  expect(world.state).toMatchObject({
    status: "failed",
    ending: { reason: "the provider does not want to" },
  });
  expect(world.provider).toMatchObject({ captured: 0, held: 0 });
  expect(world.alerts).toEqual(["capture_failed"]);
  expect(world.told("effect.failed")).toMatchObject([{ data: { effect: "capture" } }]);
});

test("captured at the provider instead, the order is done, and the operator is told once", () => {
  const world = authorized();
  world.provider.captureAtDashboard();
  world.settle();
  world.redeliver(0);
  world.redeliver(1);
  world.settle();
  expect(world.state.status).toBe("completed");
  expect(world.alerts).toEqual(["captured_outside"]);
});

test("our own capture is nobody else's, though its answer is lost and only its event is heard", () => {
  const world = authorized();
  world.capture();
  world.perform("lost");
  world.deliverAll();
  world.settle();
  expect(world.state.status).toBe("completed");
  expect(world.alerts).toEqual([]);
});
