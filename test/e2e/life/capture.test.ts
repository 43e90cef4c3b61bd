import { afterAll, beforeAll, expect, test } from "vitest";
import type { OrderView } from "../../../src/domain/order-view.ts";
import { startTestService, type TestService } from "../../helpers/service.ts";
import { booksSay } from "./books.ts";
import { openDesk, type Desk } from "./desk.ts";

let service: TestService;
let desk: Desk;
beforeAll(async () => {
  service = await startTestService({
    API_KEYS: "dev:admin:ck_dev,dev:support:ck_support",
  });
  desk = openDesk(service);
});
afterAll(() => service?.end());

const held = (order: Record<string, unknown> = {}): Promise<OrderView> =>
  desk.paid(order, { capture: "manual" });

test.concurrent("a manual capture waits until topic capture takes all of it", async () => {
  const order = await held();
  expect(order).toMatchObject({
    status: "authorized",
    progress: 40,
    payment: { status: "requires_capture" },
  });
  expect(Date.parse(order.payment.capture_before ?? "")).toBeGreaterThan(Date.now());
  await booksSay(service, order.id, { authorized: 1250 });
  expect(await desk.send(order.id, "capture")).toMatchObject({ status: 202 });
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, { authorized: 1250, captured: 1250 });
  expect((await desk.told(order.id, "payment.capture_requested")).data).toMatchObject({
    amount: 1250,
    currency: "usd",
  });
});

test.concurrent(
  "a part is captured, the rest is released, and no more than the part is refunded",
  async () => {
    const order = await held({ amount: 40_000 });
    await desk.send(order.id, "capture", { amount: 30_000 });
    const done = await service.reached(order.id, "completed");
    expect(done).toMatchObject({ hold: null, payment: { amount_captured: 30_000, amount_refunded: 0 } });
    const taken = { authorized: 40_000, captured: 30_000, voided: 10_000 };
    await booksSay(service, order.id, taken);
    expect(await desk.refund(order.id, 30_001)).toMatchObject({
      status: 422,
      body: { code: "unprocessable" },
    });
    expect(await desk.refund(order.id, 10_000)).toMatchObject({ status: 201, body: { status: "succeeded" } });
    await service.reached(order.id, "partially_refunded");
    await booksSay(service, order.id, { ...taken, refunded: 10_000 });
    await desk.refund(order.id, null, "all of it");
    await service.reached(order.id, "refunded");
    await booksSay(service, order.id, { ...taken, refunded: 30_000 });
  },
);

test.concurrent("more than was ordered is not captured, and the trail says why", async () => {
  const order = await held();
  await desk.send(order.id, "capture", { amount: 1251 });
  expect((await desk.ignored(order.id, "capture")).data).toMatchObject({
    amount: 1251,
    because: "at most 1250 can be captured",
  });
  expect((await service.order(order.id)).status).toBe("authorized");
  await booksSay(service, order.id, { authorized: 1250 });
  await desk.send(order.id, "capture", { amount: 1250 });
  await service.reached(order.id, "completed");
});

test.concurrent("an amount that is none is refused at once", async () => {
  const order = await held();
  for (const amount of [0, -1, 1.5, "all"])
    expect(await desk.send(order.id, "capture", { amount })).toMatchObject({
      status: 400,
      body: { errors: [{ path: "message.amount" }] },
    });
});

test.concurrent("what was asked before the customer paid is captured as soon as they do", async () => {
  const order = await service.create({ payment: { mode: "checkout", capture: "manual" } });
  await desk.send(order.id, "capture", { amount: 1000 });
  await desk.told(order.id, "payment.capture_requested");
  await service.pay(order);
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, { authorized: 1250, captured: 1000, voided: 250 });
});

test.concurrent("a second capture, and one of an order that captures by itself, change nothing", async () => {
  const order = await held();
  await desk.send(order.id, "capture", { amount: 1200 });
  await service.reached(order.id, "completed");
  await desk.send(order.id, "capture", { amount: 50 });
  expect((await desk.ignored(order.id, "capture")).data["because"]).toBe("the order is already completed");
  await booksSay(service, order.id, { authorized: 1250, captured: 1200, voided: 50 });

  const automatic = await service.create();
  await desk.send(automatic.id, "capture");
  expect((await desk.ignored(automatic.id, "capture")).data["because"]).toBe(
    "the payment is captured as soon as it is paid",
  );
});

test.concurrent("who may only support cannot capture", async () => {
  const order = await held();
  expect(await desk.send(order.id, "capture", {}, "ck_support")).toMatchObject({
    status: 403,
    body: { code: "forbidden" },
  });
  await booksSay(service, order.id, { authorized: 1250 });
});

test.concurrent("approval comes before capture, whoever is first", async () => {
  const order = await held({ amount: 150_000, reference: "PO-early-capture" });
  await desk.send(order.id, "capture", { amount: 100_000 });
  await desk.told(order.id, "payment.capture_requested");
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-early-capture"));
  expect((await service.order(order.id)).status).toBe("awaiting_approval");
  await booksSay(service, order.id, { authorized: 150_000 });
  await service.decide(mail.links[0]!, "approve");
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, { authorized: 150_000, captured: 100_000, voided: 50_000 });
});

test.concurrent("an approved order waits for its capture", async () => {
  const order = await held({ amount: 150_000, reference: "PO-late-capture" });
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-late-capture"));
  await service.decide(mail.links[0]!, "approve");
  await service.reached(order.id, "authorized");
  await booksSay(service, order.id, { authorized: 150_000 });
  await desk.send(order.id, "capture");
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, { authorized: 150_000, captured: 150_000 });
});

test.concurrent("a capture that was asked for does not outlive a rejection", async () => {
  const order = await held({ amount: 150_000, reference: "PO-rejected-capture" });
  await desk.send(order.id, "capture");
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-rejected-capture"));
  await service.decide(mail.links[0]!, "reject", "too dear");
  await service.reached(order.id, "rejected");
  await booksSay(service, order.id, { authorized: 150_000, voided: 150_000 });
});

test.concurrent("an order that needs approval and captures by itself may be captured in part", async () => {
  const order = await desk.paid({ amount: 150_000, reference: "PO-part" });
  await desk.send(order.id, "capture", { amount: 120_000 });
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-part"));
  await service.decide(mail.links[0]!, "approve");
  await service.reached(order.id, "completed");
  await booksSay(service, order.id, { authorized: 150_000, captured: 120_000, voided: 30_000 });
});
