import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { ENDED, storeCopies, storedId } from "../../scripts/bench/stored.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { onDatabase } from "../helpers/database-url.ts";

interface Page {
  data: { id: string; status: string }[];
}

let service: TestService;
let order: OrderView;

beforeAll(async () => {
  service = await startTestService();
  order = await service.create();
  await service.pay(order);
  await service.reached(order.id, "completed");
  const database = new URL(service.databaseUrl).pathname.slice(1);
  await storeCopies(onDatabase(inject("serverUrl"), database), {
    ...{ template: order.id, kept: ENDED },
    ...{ from: 1, to: 150 },
  });
});
afterAll(() => service.end());

test("a copy of an order is read as the real one is", async () => {
  const [real, copy] = [await service.order(order.id), await service.order(storedId(order.id, 150))];
  const { created_at, updated_at } = copy;
  expect(copy).toEqual({ ...real, id: storedId(order.id, 150), created_at, updated_at });
});

test("a copy has the trail of the real one, under its own name", async () => {
  const real = await service.trail(order.id);
  const copy = await service.trail(storedId(order.id, 7));
  expect(copy.map(({ seq, type }) => [seq, type])).toEqual(real.map(({ seq, type }) => [seq, type]));
  expect(real.map(({ type }) => type)).toContain("payment.captured");
});

test("all copies are in the list, each once", async () => {
  const { body } = await service.call<Page & { next_cursor: string }>(
    "GET",
    "/v1/orders?status=completed&limit=100",
  );
  const next = await service.call<Page>(
    "GET",
    `/v1/orders?status=completed&limit=100&cursor=${body.next_cursor}`,
  );
  const ids = [...body.data, ...next.body.data].map(({ id }) => id);
  expect(new Set(ids).size).toBe(151);
  expect(ids).toHaveLength(151);
});
