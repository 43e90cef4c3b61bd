import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startReceiver, verified, type Receiver } from "../outbound/receiver.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  service = await startTestService({
    API_KEYS: "dev:admin:ck_dev,dev:finance:ck_finance:finance@example.com,elsewhere:admin:ck_stranger",
  });
});
afterAll(async () => {
  await service?.end();
  await receiver?.close();
});
afterEach(() => {
  receiver.answer = (_, response) => void response.writeHead(204).end();
});

interface Endpoint {
  id: string;
  secret: string;
  path: string;
}

let endpoints = 0;

/** An endpoint of its own path at the receiver. */
async function endpoint(fields: Record<string, unknown> = {}, key = "ck_dev"): Promise<Endpoint> {
  const path = `/hooks/${++endpoints}`;
  const { status, body } = await service.call<{ id: string; secret: string }>(
    "POST",
    "/v1/webhook-endpoints",
    { url: receiver.url + path, ...fields },
    { authorization: `Bearer ${key}` },
  );
  expect(status, JSON.stringify(body)).toBe(201);
  return { ...body, path };
}

const remove = ({ id }: Endpoint) => service.call("DELETE", `/v1/webhook-endpoints/${id}`);

/** The types that arrived about one object, in the order of `seq`. */
const typesOf = ({ path, secret }: Endpoint, about: string) =>
  receiver
    .events(path, secret)
    .filter(({ data }) => data.id === about || data.order_id === about)
    .sort((a, b) => a.data.seq - b.data.seq)
    .map(({ type }) => type);

const arrived = (about: string, type: string) =>
  receiver.until((all) => all.some(({ body }) => body.includes(`"${type}"`) && body.includes(about)));

describe("what happens to an order arrives in full", () => {
  test("one that is paid, approved, refunded with approval", async () => {
    const hook = await endpoint();
    const order = await service.create({ amount: 125_000 });
    await service.pay(order);
    const mail = await service.mail("finance@example.com", ({ text }) => text.includes("/a/"));
    await service.decide(mail.links[0] ?? "", "approve");
    await service.reached(order.id, "completed");
    await service.call("POST", `/v1/orders/${order.id}/refunds`, { amount: 20_000, reason: "one broke" });
    await service.reached(order.id, "partially_refunded");
    await arrived(order.id, "order.partially_refunded");
    await arrived(order.id, "refund.succeeded");
    expect(typesOf(hook, order.id)).toEqual([
      "order.created",
      "order.awaiting_payment",
      "order.awaiting_approval",
      "approval.requested",
      "approval.voted",
      "approval.approved",
      "order.capturing",
      "order.completed",
      "refund.created",
      "refund.succeeded",
      "order.partially_refunded",
    ]);
    await remove(hook);
  });
});
