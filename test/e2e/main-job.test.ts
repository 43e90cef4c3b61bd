import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service?.end());

test("a small order is captured as soon as it is paid", async () => {
  const order = await service.create();
  expect(order).toMatchObject({
    status: "awaiting_payment",
    progress: 20,
    payment: { id: null, amount_captured: 0 },
  });
  await service.pay(order);
  const done = await service.reached(order.id, "completed");
  expect(done).toMatchObject({
    progress: 100,
    approval: null,
    payment: { amount_captured: 1250, amount_refunded: 0 },
  });
  expect(await service.ledger(done.payment.id)).toMatchObject({ captured: 1250, captures: 1, refunded: 0 });
});

test("a large order is held, approved by a mailed link, and only then captured", async () => {
  const order = await service.create({
    amount: 125_000,
    reference: "PO-large",
    requested_by: "sam@example.com",
  });
  await service.pay(order);
  const waiting = await service.reached(order.id, "awaiting_approval");
  expect(waiting.payment).toMatchObject({
    status: "requires_capture",
    amount_captured: 0,
    amount_authorized: 125_000,
  });
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-large"));
  const page = await service.decide(mail.links[0]!, "approve", "fine with me");
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("1,250.00 USD was captured");
  const done = await service.reached(order.id, "completed");
  expect(done.payment.amount_captured).toBe(125_000);
  expect(done.approvals).toMatchObject([{ status: "approved", decided_by: "finance@example.com" }]);
  expect(await service.ledger(done.payment.id)).toMatchObject({
    authorized: 125_000,
    captured: 125_000,
    captures: 1,
  });
});

test("a rejected order releases the money and charges nothing", async () => {
  const order = await service.create({ amount: 200_000, reference: "PO-rejected" });
  await service.pay(order);
  const mail = await service.mail("controller@example.com", (m) => m.subject.includes("PO-rejected"));
  await service.decide(mail.links[0]!, "reject", "too much");
  const done = await service.reached(order.id, "rejected");
  expect(done.payment).toMatchObject({ status: "canceled", amount_captured: 0 });
  expect(await service.ledger(done.payment.id)).toMatchObject({ captured: 0, voided: 200_000 });
});

test("an order of the highest tier asks finance first, then the CFO", async () => {
  const order = await service.create({ amount: 1_500_000, reference: "PO-two-gates" });
  await service.pay(order);
  const first = await service.mail("finance@example.com", (m) => m.subject.includes("PO-two-gates"));
  await service.decide(first.links[0]!, "approve");
  const second = await service.mail("cfo@example.com", (m) => m.subject.includes("PO-two-gates"));
  expect((await service.order(order.id)).status).toBe("awaiting_approval");
  await service.decide(second.links[0]!, "approve");
  await service.reached(order.id, "completed");
});

test("a link that is opened a hundred times decides nothing", async () => {
  const order = await service.create({ amount: 125_000, reference: "PO-scanned" });
  await service.pay(order);
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-scanned"));
  for (let i = 0; i < 100; i++) {
    const response = await fetch(mail.links[0]!, { method: i % 10 === 0 ? "HEAD" : "GET" });
    expect(response.status).toBe(200);
  }
  const still = await service.order(order.id);
  expect(still).toMatchObject({ status: "awaiting_approval", approval: { status: "pending", votes: [] } });
  await service.decide(mail.links[0]!, "approve");
  await service.reached(order.id, "completed");
});
