import { afterAll, beforeAll, expect, test } from "vitest";
import { isEnd, type OrderStatus } from "../../src/domain/order.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

/** How many orders; fewer for a quick look while developing. */
const ORDERS = Number(process.env["CHAOS_ORDERS"] ?? 1_000);
const SIDE_BY_SIDE = 24;
const WITHIN_MS = 120_000;

const CHAOS = {
  seed: 20_261_123,
  duplicate: 0.2,
  reorder: 0.2,
  delay_ms: 200,
  drop: 0.1,
  stale_signature: 0.1,
  twin_event: 0.1,
  error_after: 0.05,
  hang: 0.01,
  hang_ms: 1_000,
  reset: 0.05,
};

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ RECONCILE_EVERY_S: "2" });
  const response = await fetch(`${service.providerUrl}/_mock/chaos`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(CHAOS),
  });
  expect(response.ok).toBe(true);
});
afterAll(() => service?.end());

const small = { amount: 1250 };
const large = { amount: 125_000 };
const confirm = (payment_method: string) => ({ ...small, payment: { mode: "confirm", payment_method } });

/** As a client of ours should: a request that is still being worked on is sent again with its key. */
async function post(path: string, body: unknown): Promise<void> {
  const headers = { "idempotency-key": `chaos-${++posts}` };
  const { status, body: answer } = await service.until(
    () => service.call("POST", path, body, headers),
    (response) => response.body["code"] !== "idempotency_in_progress",
    WITHIN_MS,
  );
  if (status >= 300) throw new Error(`POST ${path}: ${status} ${JSON.stringify(answer)}`);
}
let posts = 0;
const send = (order: OrderView, topic: string, message: unknown) =>
  post(`/v1/orders/${order.id}/messages`, { topic, message });

/** An order that can be paid. Under chaos its payment may not be open yet when it is answered. */
async function opened(body: Record<string, unknown>): Promise<OrderView> {
  const { id } = await service.create(body);
  return service.until(
    () => service.order(id),
    (order) => order.status !== "created",
    WITHIN_MS,
  );
}

const until = (order: OrderView, ...statuses: OrderStatus[]) =>
  service.until(
    () => service.order(order.id),
    (view) => statuses.includes(view.status as OrderStatus),
    WITHIN_MS,
  );

async function decided(order: OrderView, decision: string): Promise<void> {
  await service.pay(order);
  const { approval } = await service.until(
    () => service.order(order.id),
    (view) => view.approval !== null,
    WITHIN_MS,
  );
  await post(`/v1/approvals/${approval?.id}/decisions`, { decision, comment: "as it should be" });
}

/** What customers, approvers and merchants do, and how such an order has to end. */
const STORIES: [name: string, end: OrderStatus[], play: () => Promise<OrderView>][] = [
  ["paid on the page", ["completed"], async () => paid(await opened(small))],
  ["paid by the server", ["completed"], () => opened(confirm("pm_card_visa"))],
  [
    "declined and paid with another card",
    ["completed"],
    async () => {
      const order = await opened(confirm("pm_card_visa_chargeDeclined"));
      await until(order, "payment_failed");
      await send(order, "payment_method", { payment_method: "pm_card_visa" });
      return order;
    },
  ],
  [
    "approved",
    ["completed"],
    async () => {
      const order = await opened(large);
      await decided(order, "approve");
      return order;
    },
  ],
  [
    "rejected",
    ["rejected"],
    async () => {
      const order = await opened(large);
      await decided(order, "reject");
      return order;
    },
  ],
  [
    "captured in part when the merchant says so",
    ["completed"],
    async () => {
      const order = await opened({ ...small, payment: { mode: "checkout", capture: "manual" } });
      await service.pay(order);
      await until(order, "authorized");
      await send(order, "capture", { amount: 1000 });
      return order;
    },
  ],
  [
    "refunded twice in part",
    ["partially_refunded"],
    async () => {
      const order = await paid(await opened(small));
      await until(order, "completed");
      for (const amount of [250, 300])
        await post(`/v1/orders/${order.id}/refunds`, { amount, reason: "a part came broken" });
      return order;
    },
  ],
  [
    "cancelled before it is paid",
    ["cancelled"],
    async () => {
      const order = await opened(small);
      await post(`/v1/orders/${order.id}/cancel`, { reason: "never mind" });
      return order;
    },
  ],
  [
    "cancelled and paid at the same moment",
    ["cancelled", "completed"],
    async () => {
      const order = await opened(large);
      const cancel = post(`/v1/orders/${order.id}/cancel`, { reason: "changed their mind" });
      // The page may be closed by then.
      await Promise.allSettled([service.pay(order), cancel]);
      return order;
    },
  ],
  ["paid on the page", ["completed"], async () => paid(await opened(small))],
];

async function paid(order: OrderView): Promise<OrderView> {
  await service.pay(order);
  return order;
}

test(`${ORDERS} orders under full chaos all end as they should, and our ledger is the provider's`, async () => {
  const played: { name: string; ends: OrderStatus[]; order: OrderView }[] = [];
  let next = 0;
  const play = async () => {
    for (let n = next++; n < ORDERS; n = next++) {
      const [name, ends, story] = STORIES[n % STORIES.length] ?? STORIES[0]!;
      played.push({ name, ends, order: await story() });
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, play));

  const ended: OrderView[] = [];
  for (const { name, ends, order } of played) {
    const view = await service.until(
      () => service.order(order.id),
      (o) => isEnd(o.status as OrderStatus) && (ends.length > 1 || ends.includes(o.status as OrderStatus)),
      WITHIN_MS,
    );
    expect(ends, `${name}: ${order.id} is ${view.status}`).toContain(view.status);
    ended.push(view);
  }

  const theirs = await ledgerByOrder();
  for (const order of ended) agree(order, theirs);
}, 600_000);

interface LedgerLine {
  payment_intent: string;
  authorized: number;
  captured: number;
  captures: number;
  voided: number;
  refunded: number;
  refunds: number;
  metadata: Record<string, string>;
}

async function ledgerByOrder(): Promise<Map<string, LedgerLine[]>> {
  const lines = new Map<string, LedgerLine[]>();
  for (let after = "", more = true; more;) {
    const response = await fetch(
      `${service.providerUrl}/_mock/ledger?limit=1000${after ? `&starting_after=${after}` : ""}`,
    );
    const page = (await response.json()) as { has_more: boolean; data: LedgerLine[] };
    for (const line of page.data) {
      const id = line.metadata["order_id"] ?? "";
      if (line.authorized > 0) lines.set(id, [...(lines.get(id) ?? []), line]);
    }
    after = page.data.at(-1)?.payment_intent ?? "";
    more = page.has_more;
  }
  return lines;
}

function agree(order: OrderView, theirs: Map<string, LedgerLine[]>): void {
  const lines = theirs.get(order.id) ?? [];
  expect(lines.length, `${order.id} was charged more than once`).toBeLessThanOrEqual(1);
  const line = lines[0] ?? { authorized: 0, captured: 0, captures: 0, voided: 0, refunded: 0, refunds: 0 };
  expect(line.captures, `${order.id} was captured more than once`).toBeLessThanOrEqual(1);
  const { accounts, postings } = order.ledger;
  const posted = (type: string) => postings.find((posting) => posting.type === type)?.amount ?? 0;
  expect(
    {
      authorized: posted("authorized"),
      captured: posted("captured"),
      voided: posted("released"),
      refunded: posted("refunded"),
    },
    `${order.id} ${order.status}`,
  ).toEqual({
    authorized: line.authorized,
    captured: line.captured,
    voided: line.voided,
    refunded: line.refunded,
  });
  expect(accounts.authorization, `${order.id} holds money after its end`).toBe(0);
  expect(Object.values(accounts).reduce((sum, amount) => sum + amount, 0)).toBe(0);
  if (order.status === "partially_refunded") expect(line.refunds).toBe(2);
}
