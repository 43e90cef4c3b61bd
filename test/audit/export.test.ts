import { afterAll, beforeAll, expect, test } from "vitest";
import type { AuditEntry } from "../../src/domain/audit-entry.ts";
import { draft, drafts, json, openTrails, serveTrails, type TestServer, type Trails } from "./trails.ts";

let trails: Trails;
let server: TestServer;
const orders: string[] = [];

beforeAll(async () => {
  trails = await openTrails();
  server = await serveTrails(trails);
  for (const n of [0, 1, 2]) {
    const id = await trails.newOrder();
    orders.push(id);
    await trails.append(id, drafts(400 + n, n * 1_000));
  }
  await trails.pool.query("update countersign.orders set reference = 'PO-2' where id = $1", [orders[1]]);
  await trails.append(await trails.newOrder("other"), drafts(3));
});
afterAll(async () => {
  await server.stop();
  await trails.end();
});

const lines = async (path: string, headers = {}): Promise<AuditEntry[]> => {
  const text = await (await server.get(path, headers)).text();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as AuditEntry);
};
const keyOf = ({ order_id, seq }: AuditEntry) => `${order_id} ${seq}`;

test("all entries of all orders are exported once each, and none of another tenant", async () => {
  const entries = await lines("/v1/audit", { accept: "application/x-ndjson" });
  expect(entries).toHaveLength(1_203);
  expect(new Set(entries.map(keyOf)).size).toBe(1_203);
  const times = entries.map(({ at }) => at);
  expect(times).toEqual(times.toSorted().reverse());
});

test("a JSON array, NDJSON and pages hold the same entries", async () => {
  for (const path of [`/v1/orders/${orders[2]}/audit`, "/v1/audit"]) {
    const array = await json<AuditEntry[]>(await server.get(`${path}?format=json`));
    expect(await json(await server.get(`${path}?all=true`))).toEqual(array);
    expect(await lines(`${path}?format=ndjson`)).toEqual(array);
    const paged: AuditEntry[] = [];
    for (let cursor = ""; cursor !== "end";) {
      const page = await json<{ data: AuditEntry[]; next_cursor: string | null }>(
        await server.get(`${path}?limit=100${cursor}`),
      );
      paged.push(...page.data);
      cursor = page.next_cursor === null ? "end" : `&cursor=${page.next_cursor}`;
    }
    expect(paged.map(keyOf).sort()).toEqual(array.map(keyOf).sort());
  }
});

test("an export can be narrowed as a page can", async () => {
  const [, second] = orders;
  expect(await lines("/v1/audit?format=ndjson&reference=PO-2")).toHaveLength(401);
  const page = await json<{ data: AuditEntry[] }>(await server.get("/v1/audit?reference=PO-2&limit=1"));
  expect(page.data).toMatchObject([{ order_id: second }]);
  expect(await json(await server.get("/v1/audit?reference=PO-3&format=json"))).toEqual([]);
  expect(await lines(`/v1/audit?format=ndjson&order_id=${second}`)).toHaveLength(401);
  expect(await json(await server.get("/v1/audit?type=order.created&all=true"))).toEqual([]);
});

test("a spreadsheet takes no cell for a formula, and no line for two", async () => {
  const id = await trails.newOrder();
  await trails.append(id, [{ ...draft(0), actor: { type: "api", id: '=cmd|"/c calc"!A1' } }]);
  const csv = await (await server.get(`/v1/audit?format=csv&order_id=${id}`)).text();
  expect(csv).toContain(`"'=cmd|""/c calc""!A1"`);
  expect(csv.split("\r\n")).toHaveLength(3);
});

test("what cannot be is refused with the remedy", async () => {
  const answers = ["format=xml", "format=csv&limit=5", "format=csv&cursor=x"].map((query) =>
    server.get(`/v1/audit?${query}`),
  );
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([400, 400, 400]);
  expect((await server.get("/v1/audit", { accept: "image/png" })).status).toBe(406);
});
