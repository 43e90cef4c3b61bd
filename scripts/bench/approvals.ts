import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { json, send } from "./client.ts";
import { percentile, round } from "./figures.ts";
import type { Row, Settings } from "./row.ts";

const orderShape = z.looseObject({
  id: z.string(),
  reference: z.string(),
  payment: z.looseObject({ session_id: z.string() }),
});
const mailsShape = z.array(z.looseObject({ subject: z.string(), links: z.array(z.string()) }));
const resultShape = z.looseObject({ value: z.looseObject({ status: z.string() }) });

const MAILED_WITHIN_MS = 60_000;

/** From the click on a mailed link to captured money, one order after the other, in milliseconds. */
export async function clickToCaptured(
  { url, providerUrl }: { url: string; providerUrl: string },
  { quick }: Settings,
): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < (quick ? 8 : 40); i++) {
    const order = orderShape.parse(
      await json(
        "POST",
        `${url}/v1/orders`,
        { reference: `PO-click-${process.pid}-${i}-end`, amount: 125_000, currency: "usd" },
        { "idempotency-key": `bench-click-${process.pid}-${i}` },
      ),
    );
    await json("POST", `${providerUrl}/_mock/checkout/${order.payment.session_id}/pay`, {});
    const link = await mailedLink(url, order.reference);
    const ended = json("GET", `${url}/v1/orders/${order.id}/events/result?timeout=60`).then((answer) => ({
      at: performance.now(),
      status: resultShape.parse(answer).value.status,
    }));
    await sleep(50);
    const clicked = performance.now();
    const page = await send("POST", link, {
      body: "decision=approve&comment=",
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    const { at, status } = await ended;
    if (page.status !== 200 || status !== "completed")
      throw new Error(`a click was answered ${page.status}, and its order is ${status}`);
    times.push(at - clicked);
  }
  return times;
}

async function mailedLink(url: string, reference: string): Promise<string> {
  const deadline = Date.now() + MAILED_WITHIN_MS;
  while (Date.now() < deadline) {
    const mails = mailsShape.parse(await json("GET", `${url}/dev/mailbox.json?to=finance%40example.com`));
    const link = mails.find(({ subject }) => subject.includes(reference))?.links[0];
    if (link) return link;
    await sleep(25);
  }
  throw new Error(`no mail about ${reference}`);
}

export const approvalRows = (times: number[]): Row[] => [
  {
    id: "click_to_captured",
    what: "click on a mailed approval to captured money, p50",
    unit: "ms",
    value: percentile(times, 0.5),
    values: [percentile(times, 0.5)],
    detail: { p95_ms: round(percentile(times, 0.95)), orders: times.length },
  },
];
