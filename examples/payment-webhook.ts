/**
 * Webhooks, both ways: the provider tells the service that a payment went through, and the service tells you that the order did.
 *
 *   npx tsx examples/payment-webhook.ts
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { verifyWebhook, webhookId, WebhookError, type WebhookEvent } from "countersign/client";
import { pay } from "./people.ts";
import { countersign } from "./service.ts";

let secret = "";
const handled = new Set<string>();
let complete: (event: WebhookEvent) => void = () => {};
const completed = new Promise<WebhookEvent>((resolve) => (complete = resolve));

// Your shop: verify the bytes as they came, answer 2xx soon, and do nothing twice.
const shop = createServer((request, response) => {
  void receive(request).then((status) => response.writeHead(status).end());
});

async function receive(request: IncomingMessage): Promise<number> {
  const webhook = { headers: request.headers, body: await buffer(request) };
  try {
    const event = await verifyWebhook(webhook, secret);
    if (handled.has(webhookId(webhook))) return 204;
    handled.add(webhookId(webhook));
    console.log(`the shop heard ${event.type}`);
    if (event.type === "order.completed") complete(event);
    return 204;
  } catch (error) {
    if (error instanceof WebhookError) return 400;
    throw error;
  }
}

await new Promise<void>((listening) => shop.listen(0, "127.0.0.1", listening));
const { port } = shop.address() as AddressInfo;
const endpoint = await countersign.endpoints.create({
  url: `http://127.0.0.1:${port}/countersign`,
  event_types: ["order.*"],
});
secret = endpoint.secret;

const forged = { method: "POST", headers: { "webhook-id": "whd_forged" }, body: "{}" };
console.log("a forged webhook is answered", (await fetch(endpoint.url, forged)).status);

const order = await countersign.orders.create({ reference: "WEBHOOK-1", amount: 1250, currency: "usd" });
await pay(order);
await completed;
for await (const webhook of countersign.inbox.all({ order_id: order.id }))
  console.log(`the provider sent ${webhook.type}: ${webhook.state}`);

await countersign.endpoints.delete(endpoint.id);
shop.close();
shop.closeAllConnections();
