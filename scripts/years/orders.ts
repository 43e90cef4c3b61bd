import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { json } from "../bench/client.ts";

interface Order {
  id: string;
  status: string;
}

const CARD = { mode: "confirm", payment_method: "pm_card_visa" };

/** One in twenty asks an approver, one is refunded, one cancelled, one waits for its customer for good; the others are paid. */
const STORIES = ["approved", "refunded", "cancelled", "open"];

export interface Lived {
  id: string;
  open: boolean;
}

/** Lives one order through, over the API, as a merchant, a customer and an approver would. */
export async function liveOrder(url: string, n: number): Promise<Lived> {
  const story = STORIES[n % 20] ?? "paid";
  const reference = `PO-${n}`;
  const post = (path: string, body: object) =>
    json("POST", `${url}${path}`, body, { "idempotency-key": randomUUID() });
  const { id } = (await post("/v1/orders", {
    ...{ reference, currency: "usd", requested_by: "sam@example.com" },
    customer: { email: "buyer@example.com", name: "Ada" },
    amount: story === "approved" ? 125_000 : 1250,
    ...(story === "open" || story === "cancelled" ? {} : { payment: CARD }),
  })) as Order;
  if (story === "open") return { id, open: true };
  if (story === "approved") await decide(url, reference);
  if (story === "cancelled") await post(`/v1/orders/${id}/cancel`, { reason: "never mind" });
  await json("GET", `${url}/v1/orders/${id}/events/result?timeout=60`);
  if (story === "refunded") await post(`/v1/orders/${id}/refunds`, { amount: 1250, reason: "not wanted" });
  return { id, open: false };
}

interface Mail {
  subject: string;
  links: string[];
}

async function decide(url: string, reference: string): Promise<void> {
  for (;;) {
    const mails = (await json("GET", `${url}/dev/mailbox.json?to=finance@example.com`)) as Mail[];
    const link = mails.find(({ subject }) => subject.includes(`for ${reference}?`))?.links[0];
    if (link !== undefined) {
      await fetch(link, { method: "POST", body: new URLSearchParams({ decision: "approve", comment: "" }) });
      return;
    }
    await sleep(100);
  }
}
