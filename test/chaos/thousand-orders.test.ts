import { afterAll, beforeAll, expect, test } from "vitest";
import { differences, ledgerByOrder } from "../../scripts/crash/ledgers.ts";
import { STORIES, type People, type Story } from "../../scripts/crash/stories.ts";
import { isEnd } from "../../src/domain/order.ts";
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

let posts = 0;

/** Nothing of ours fails here, so whatever is not taken at once is a fault; but what is still being worked on is sent again. */
const people: People = {
  create: (order) => service.create(order),
  async post(path, body) {
    const headers = { "idempotency-key": `chaos-${++posts}` };
    const { status, body: answer } = await service.until(
      () => service.call("POST", path, body, headers),
      (response) => response.body["code"] !== "idempotency_in_progress",
      WITHIN_MS,
    );
    if (status >= 300) throw new Error(`POST ${path}: ${status} ${JSON.stringify(answer)}`);
  },
  pay: (order) => service.pay(order),
  async decide(order, decision) {
    const { approval } = await service.order(order.id);
    await people.post(`/v1/approvals/${approval?.id}/decisions`, { decision, comment: "as it should be" });
  },
  until: ({ id }, found) => service.until(() => service.order(id), found, WITHIN_MS),
};

test(`${ORDERS} orders under full chaos all end as they should, and our ledger is the provider's`, async () => {
  const played: { story: Story; order: OrderView }[] = [];
  let next = 0;
  const play = async () => {
    for (let n = next++; n < ORDERS; n = next++) {
      const story = STORIES[n % STORIES.length] ?? STORIES[0]!;
      played.push({ story, order: await story.play(people) });
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, play));

  const ended: OrderView[] = [];
  for (const { story, order } of played) {
    const is = (view: OrderView) => view.status;
    const reached = (view: OrderView) => isEnd(is(view)) && story.ends.includes(is(view));
    ended.push(await people.until(order, reached));
  }
  const theirs = await ledgerByOrder(service.providerUrl ?? "");
  const wrong = ended.flatMap((order) => {
    const { doubled, differs } = differences(order, theirs.get(order.id) ?? []);
    return [...doubled, ...differs];
  });
  expect(wrong).toEqual([]);
}, 600_000);
