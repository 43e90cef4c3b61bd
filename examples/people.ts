import { setTimeout as sleep } from "node:timers/promises";
import type { OrderView } from "countersign/client";
import { url } from "./service.ts";

/** The customer pays on the bundled provider's page. With a real provider a person opens `checkout_url`. */
export async function pay({ payment }: OrderView, card = "pm_card_visa"): Promise<void> {
  const { origin } = new URL(payment.checkout_url ?? "");
  const response = await fetch(`${origin}/_mock/checkout/${payment.session_id}/pay`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ payment_method: card }),
  });
  if (!response.ok) throw new Error(`paying: ${response.status} ${await response.text()}`);
}

/** An approver finds the mail about a reference in the development mailbox, opens its link and decides. */
export async function decideByMail(
  to: string,
  reference: string,
  decision: "approve" | "reject",
  comment = "",
): Promise<void> {
  const [link] = await mailedLinks(to, reference);
  // GET shows what is asked and decides nothing, however often it is opened.
  await fetch(link);
  const answer = await fetch(link, { method: "POST", body: new URLSearchParams({ decision, comment }) });
  if (!answer.ok) throw new Error(`deciding: ${answer.status}`);
}

async function mailedLinks(to: string, reference: string): Promise<[string, ...string[]]> {
  for (let tries = 0; tries < 200; tries++) {
    const response = await fetch(`${url}/dev/mailbox.json?to=${encodeURIComponent(to)}`);
    const mails = (await response.json()) as { subject: string; text: string; links: string[] }[];
    const [first, ...rest] = mails.find(({ text }) => text.includes(reference))?.links ?? [];
    if (first !== undefined) return [first, ...rest];
    await sleep(100);
  }
  throw new Error(`nobody mailed ${to} about ${reference}`);
}
