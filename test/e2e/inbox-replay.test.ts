import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";

interface Webhook {
  id: string;
  type: string;
  state: string;
  order_id: string | null;
  attempts: number;
}

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service?.end());

const received = async (): Promise<Webhook[]> =>
  (await service.call<{ data: Webhook[] }>("GET", "/v1/webhooks/inbox?limit=100")).body.data;

test("replaying everything that was received changes no order, no cent and no entry", async () => {
  const order = await service.create();
  await service.pay(order);
  await service.reached(order.id, "completed");
  // What comes behind the completion has to be in, and to have been read, before anything is compared.
  const all = [
    "payment_intent.created",
    "payment_intent.succeeded",
    "charge.succeeded",
    "checkout.session.completed",
  ];
  await service.until(received, (webhooks) => all.every((type) => webhooks.some((w) => w.type === type)));
  let before = await service.order(order.id);
  await service.until(
    async () => {
      const last = before;
      await sleep(300);
      before = await service.order(order.id);
      return last.updated_at === before.updated_at;
    },
    (same) => same,
  );
  const filter = { received_after: "2020-01-01T00:00:00Z" };
  const counted = await service.call<{ matched: number }>("POST", "/v1/webhooks/inbox/replay", {
    filter,
    dry_run: true,
  });
  expect(counted.body).toMatchObject({ object: "replay", dry_run: true, replayed: 0, has_more: false });
  expect(counted.body.matched).toBeGreaterThanOrEqual(3);
  const replayed = await service.call<{ replayed: number }>("POST", "/v1/webhooks/inbox/replay", {
    filter,
    dry_run: false,
  });
  expect(replayed.body.replayed).toBeGreaterThanOrEqual(counted.body.matched);
  expect(await service.order(order.id)).toEqual(before);
  expect(await service.ledger(before.payment.id)).toMatchObject({ captures: 1, refunds: 0 });
});

test("one webhook can be replayed, and its attempts are counted", async () => {
  const [newest] = await received();
  const replayed = await service.call<Webhook>("POST", `/v1/webhooks/inbox/${newest?.id}/replay`);
  expect(replayed).toMatchObject({ status: 200, body: { id: newest?.id, state: newest?.state } });
  expect(replayed.body.attempts).toBe((newest?.attempts ?? 0) + 1);
});

test("a replay without a filter is refused, and an unknown webhook is not found", async () => {
  const all = await service.call("POST", "/v1/webhooks/inbox/replay", { filter: {}, dry_run: true });
  expect(all).toMatchObject({ status: 400, body: { errors: [{ path: "filter" }] } });
  const unknown = await service.call("POST", "/v1/webhooks/inbox/whi_00000000000000000000000000/replay");
  expect(unknown.status).toBe(404);
});
