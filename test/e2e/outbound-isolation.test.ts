import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";
import { startReceiver, type Receiver } from "../outbound/receiver.ts";

let service: TestService;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  service = await startTestService();
});
afterAll(async () => {
  await service?.end();
  await receiver?.close();
});

const ORDERS = 100;

test("a receiver that never answers delays nobody but itself", { timeout: 60_000 }, async () => {
  let open = 0;
  let most = 0;
  receiver.answer = ({ path }, response) => {
    if (path !== "/hangs") return void response.writeHead(204).end();
    most = Math.max(most, ++open);
    response.on("close", () => open--);
  };
  const ids = await Promise.all(
    ["/hangs", "/works"].map(async (path) => {
      const { body } = await service.call<{ id: string }>("POST", "/v1/webhook-endpoints", {
        url: receiver.url + path,
      });
      return body.id;
    }),
  );
  const begun = Date.now();
  const orders = new Set<string>();
  for (let i = 0; i < ORDERS; i += 10)
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const order = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
        orders.add(order.id);
      }),
    );
  const works = () => receiver.received.filter(({ path }) => path === "/works");
  await receiver.until(() => works().length >= 2 * ORDERS, 40_000);
  const took = Date.now() - begun;

  expect(new Set(works().map(({ id }) => id)).size).toBe(2 * ORDERS);
  for (const id of orders) {
    const types = works()
      .map(({ body }) => JSON.parse(body) as { type: string; data: { id: string } })
      .filter(({ data }) => data.id === id)
      .map(({ type }) => type);
    expect(types.sort()).toEqual(["order.completed", "order.created"]);
  }

  const { body } = await service.call<{ data: { state: string; attempts: number }[] }>(
    "GET",
    `/v1/webhook-endpoints/${ids[0]}/deliveries?limit=100`,
  );
  expect(new Set(body.data.map(({ state }) => state))).toEqual(new Set(["pending"]));
  // Five wait for their whole timeout of 10 s, then one at a time.
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(5);
  expect(receiver.received.filter(({ path }) => path === "/hangs").length).toBeLessThanOrEqual(
    5 + Math.ceil(took / 10_000),
  );
});
