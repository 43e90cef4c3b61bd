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
  await ended(url, id);
  if (story === "refunded") await post(`/v1/orders/${id}/refunds`, { amount: 1250, reason: "not wanted" });
  return { id, open: false };
}

/** @throws saying how far it came, when it has not ended after a minute */
async function ended(url: string, id: string): Promise<void> {
  try {
    await json("GET", `${url}/v1/orders/${id}/events/result?timeout=60`);
  } catch (error) {
    const trail = (await json("GET", `${url}/v1/orders/${id}/audit?limit=100`)) as { data: Entry[] };
    const entries = trail.data.map(({ type, at }) => `${at} ${type}`);
    throw new Error(`${String(error)}\n${entries.join("\n")}`, { cause: error });
  }
}

interface Entry {
  type: string;
  at: string;
}

interface Mail {
  subject: string;
  links: string[];
}

let looking: Promise<Mail[]> | null = null;

/** Whoever waits for a mail looks with the others: hundreds of mails for each of many would be most of what the service does. */
function mails(url: string): Promise<Mail[]> {
  looking ??= (json("GET", `${url}/dev/mailbox.json?to=finance@example.com`) as Promise<Mail[]>).finally(
    () => (looking = null),
  );
  return looking;
}

async function decide(url: string, reference: string): Promise<void> {
  for (;;) {
    const mail = (await mails(url)).find(({ subject }) => subject.includes(`for ${reference}?`));
    if (mail?.links[0] !== undefined) {
      const body = new URLSearchParams({ decision: "approve", comment: "" });
      const { status } = await fetch(mail.links[0], { method: "POST", body });
      if (status < 300) return;
      if (status !== 503 && status !== 429)
        throw new Error(`the decision on ${reference} was answered ${status}`);
    }
    await sleep(250);
  }
}
