import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { closeClient } from "../../scripts/bench/client.ts";
import { sizesOf } from "../../scripts/years/sizes.ts";
import { liveYear, type Month } from "../../scripts/years/year.ts";
import { createDirectoryStore } from "../../src/archive/directory.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { createLog } from "../../src/log.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

/** A few here; `npm run test:years` lives through thousands. */
const ORDERS = 120;

let service: TestService;
let pool: Pool;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-year-"));
  service = await startTestService();
  pool = createPool({ url: service.databaseUrl, max: 4 });
});
afterAll(async () => {
  closeClient();
  await pool?.end();
  await service?.end();
  await rm(folder, { recursive: true, force: true });
});

/** A row for each order that there ever was, or for each approval. */
const FOR_EVER = ["orders", "order_search", "archives", "approvals", "approval_links", "audit_personal"].map(
  (name) => `countersign.${name}`,
);

test(
  "after a year the tables hold what a half year left, but for a row an order",
  { timeout: 90_000 },
  async () => {
    const counted = new Map<number, Map<string, number>>();
    const months: Month[] = [];
    await liveYear({
      ...{ url: service.url, pool, store: createDirectoryStore(folder), log: createLog("silent") },
      ...{ orders: ORDERS, sideBySide: 4 },
      async onMonth(month) {
        months.push(month);
        if (month.number % 6 === 0)
          counted.set(month.number, new Map((await sizesOf(pool)).map(({ table, rows }) => [table, rows])));
      },
    });
    // All but the last month's, and those that wait for a customer.
    const last = months.at(-1);
    expect(last).toMatchObject({ orders: ORDERS, open: ORDERS / 20 });
    expect(last?.archived).toBeGreaterThan(ORDERS * 0.85);
    const [half, year] = [counted.get(6), counted.get(12)];
    const open = ORDERS / 20 / 2;
    const grown = [...(year ?? [])].filter(([table, rows]) => {
      // Each order that waits all the while keeps some ten rows in a table at most.
      return !FOR_EVER.includes(table) && rows > 1.3 * (half?.get(table) ?? 0) + 10 * open;
    });
    expect(grown).toEqual([]);
    expect(year?.get("countersign.orders")).toBe(ORDERS);
  },
);
