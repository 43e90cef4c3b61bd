import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestService, type TestService } from "../../helpers/service.ts";
import { booksSay } from "./books.ts";
import { openDesk, type Desk } from "./desk.ts";

let service: TestService;
let desk: Desk;
beforeAll(async () => {
  service = await startTestService();
  desk = openDesk(service);
});
afterAll(() => service?.end());

const DECLINED = "pm_card_visa_chargeDeclined";
const ONCE = { authorized: 1250, captured: 1250 };

test.concurrent("a card that is declined on the hosted page leaves it open for another", async () => {
  const order = await service.create();
  await service.pay(order, DECLINED);
  const failed = await service.reached(order.id, "payment_failed");
  expect(failed.payment).toMatchObject({
    status: "requires_payment_method",
    failure: { code: "generic_decline" },
    checkout_url: order.payment.checkout_url,
  });
  await booksSay(service, order.id, {});
  await service.pay(order);
  expect((await service.reached(order.id, "completed")).payment.failure).toBeNull();
  await booksSay(service, order.id, ONCE);
  const types = (await service.trail(order.id)).map((entry) => entry.type);
  expect(types.indexOf("payment.failed")).toBeLessThan(types.indexOf("payment.captured"));
});

test.concurrent("a merchant's own page may try card after card", async () => {
  const order = await service.create({ payment: { mode: "client" } });
  for (const card of [DECLINED, "pm_card_visa_chargeDeclinedInsufficientFunds"])
    await expect(desk.payAsClient(order, card)).rejects.toMatchObject({ code: "card_declined" });
  await service.reached(order.id, "payment_failed");
  await desk.payAsClient(order);
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, ONCE);
});

test.concurrent("topic payment_method tries another card, and every decline is in the trail", async () => {
  const order = await desk.paid({}, { payment_method: DECLINED });
  expect(order.status).toBe("payment_failed");
  await desk.send(order.id, "payment_method", { payment_method: "pm_card_visa_chargeDeclinedLostCard" });
  await desk.told(order.id, "payment.failed", { code: "lost_card" });
  expect((await service.order(order.id)).status).toBe("payment_failed");
  await desk.send(order.id, "payment_method", { payment_method: "pm_card_visa" });
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, ONCE);
  expect((await service.trail(order.id)).filter((entry) => entry.type === "payment.retried")).toHaveLength(2);
});

test.concurrent("a card that does not exist is refused, and the order still takes another", async () => {
  const order = await desk.paid({}, { payment_method: DECLINED });
  await desk.send(order.id, "payment_method", { payment_method: "pm_nobody" });
  expect((await desk.told(order.id, "effect.failed")).data).toMatchObject({ effect: "confirm_payment" });
  await desk.send(order.id, "payment_method", { payment_method: "pm_card_visa" });
  await service.reached(order.id, "completed");
});

test.concurrent("a paid order takes no other card", async () => {
  const order = await desk.paid();
  await desk.send(order.id, "payment_method", { payment_method: "pm_card_mastercard" });
  expect((await desk.ignored(order.id, "payment_method")).data["because"]).toBe("the payment is succeeded");
  await booksSay(service, order.id, ONCE);
});

test.concurrent("3-D Secure that is passed pays the order", async () => {
  const order = await service.create();
  await service.pay(order, "pm_card_threeDSecure2Required");
  const asked = await service.reached(order.id, "requires_action");
  expect(asked.progress).toBe(25);
  await booksSay(service, order.id, {});
  await desk.control(`/payment_intents/${asked.payment.id}/authenticate`, { outcome: "pass" });
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, ONCE);
});

test.concurrent("3-D Secure that fails is a failed attempt, and another card pays", async () => {
  const order = await service.create();
  await service.pay(order, "pm_card_threeDSecure2Required");
  const asked = await service.reached(order.id, "requires_action");
  await desk.control(`/payment_intents/${asked.payment.id}/authenticate`, { outcome: "fail" });
  const failed = await service.reached(order.id, "payment_failed");
  expect(failed.payment.failure?.code).toBe("payment_intent_authentication_failure");
  await service.pay(order);
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, ONCE);
});

test.concurrent(
  "a card confirmed by the server may still ask its owner, and the answer says with what",
  async () => {
    const order = await desk.paid({}, { payment_method: "pm_card_threeDSecure2Required" });
    expect(order).toMatchObject({
      status: "requires_action",
      payment: { client_secret: expect.stringMatching(/^pi_.+_secret_/) as string },
    });
    await desk.control(`/payment_intents/${order.payment.id}/authenticate`, { outcome: "pass" });
    const done = await service.reached(order.id, "completed");
    expect(done.payment.client_secret).toBeNull();
    await booksSay(service, order.id, ONCE);
  },
);
