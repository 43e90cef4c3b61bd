import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { OrderView } from "../../src/domain/order-view.ts";
import type { TestClient } from "../../test/helpers/service.ts";

/** What pages need to be opened: the ids of what the stories left. */
export interface Told {
  completed: string;
  waiting: string;
  refunded: string;
  unpaid: string;
  approval: string;
  decided: string;
  webhook: string;
  endpoint: string;
}

const CUSTOMERS = [
  { email: "buyer@example.com", name: "Ada" },
  { email: "buyer+berlin@example.com", name: null },
  { email: "orders@example.org", name: "Example Org" },
];

/** Tells some orders' stories through the API, so that every page has something to show. Ends nothing that waits. */
export async function tellStories(client: TestClient): Promise<Told & { close: () => void }> {
  const receiver = createServer((request, response) => {
    request.resume();
    response.statusCode = request.url === "/broken" ? 500 : 204;
    response.end();
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const { port } = receiver.address() as AddressInfo;
  const endpoint = await client.call<{ id: string }>("POST", "/v1/webhook-endpoints", {
    url: `http://127.0.0.1:${port}/hooks`,
    description: "The shop",
  });
  await client.call("POST", "/v1/webhook-endpoints", {
    url: `http://127.0.0.1:${port}/broken`,
    description: "The warehouse, which answers 500",
  });

  const order = (reference: string, amount: number, more: Record<string, unknown> = {}) =>
    client.create({
      reference,
      amount,
      customer: CUSTOMERS[amount % CUSTOMERS.length],
      requested_by: "sam@example.com",
      ...more,
    });
  const approve = async (paid: OrderView, decision: string, comment: string) => {
    const mail = await client.mail("finance@example.com", ({ subject }) => subject.includes(paid.reference));
    await client.decide(mail.links[0] ?? "", decision, comment);
  };

  const small = await order("PO-1001", 4_900, { description: "Keyboard" });
  await client.pay(small);
  await client.reached(small.id, "completed");

  const laptops = await order("PO-1002", 125_000, {
    description: "4 laptops",
    items: [{ sku: "lap-14", quantity: 4, unit_amount: 31_250, description: "Laptop 14 inch" }],
    metadata: { cost_centre: "4711" },
  });
  await client.pay(laptops);
  await approve(laptops, "approve", "Within the budget.");
  await client.reached(laptops.id, "completed");
  await client.call("POST", `/v1/orders/${laptops.id}/messages`, {
    topic: "note",
    message: "The customer asked for delivery to Berlin.",
  });
  await client.call("POST", `/v1/orders/${laptops.id}/refunds`, {
    amount: 31_250,
    reason: "One came broken",
  });
  await client.reached(laptops.id, "partially_refunded");

  const rejected = await order("PO-1003", 230_000, { description: "Office chairs" });
  await client.pay(rejected);
  await approve(rejected, "reject", "We have enough chairs.");
  await client.reached(rejected.id, "rejected");

  const refunded = await order("PO-1004", 8_000, { currency: "eur" });
  await client.pay(refunded);
  await client.reached(refunded.id, "completed");
  await client.call("POST", `/v1/orders/${refunded.id}/refunds`, { reason: "Came too late" });
  await client.reached(refunded.id, "refunded");

  const yen = await order("PO-1005", 12_800, { currency: "jpy" });
  await client.pay(yen);
  await client.reached(yen.id, "completed");
  const cancelled = await order("PO-1006", 2_000);
  await client.call("POST", `/v1/orders/${cancelled.id}/cancel`, { reason: "Ordered twice" });
  await client.reached(cancelled.id, "cancelled");

  const unpaid = await order("PO-1007", 6_400, { description: "Monitor arm" });
  const waiting = await order("PO-1008", 1_500_000, { description: "A year of hosting" });
  await client.pay(waiting);
  await client.reached(waiting.id, "awaiting_approval");
  await client.mail("finance@example.com", ({ subject }) => subject.includes("PO-1008"));
  await client.call("POST", "/v1/reconciliations", {}).catch(() => undefined);

  const approvalOf = async (id: string) =>
    (await client.call<{ approvals: { id: string }[] }>("GET", `/v1/orders/${id}`)).body.approvals[0]?.id ??
    "";
  const inbox = await client.call<{ data: { id: string }[] }>(
    "GET",
    `/v1/webhooks/inbox?order_id=${laptops.id}&limit=1`,
  );
  return {
    completed: laptops.id,
    waiting: waiting.id,
    refunded: refunded.id,
    unpaid: unpaid.id,
    approval: await approvalOf(waiting.id),
    decided: await approvalOf(laptops.id),
    webhook: inbox.body.data[0]?.id ?? "",
    endpoint: endpoint.body.id,
    close: () => void receiver.close(),
  };
}
