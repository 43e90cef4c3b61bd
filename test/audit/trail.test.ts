import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { csvLine } from "../../src/audit/csv.ts";
import { followTrail } from "../../src/cli/trail.ts";
import { verifyFile, verifyOrder } from "../../src/cli/verify.ts";
import type { AuditEntry } from "../../src/domain/audit-entry.ts";
import type { List } from "../../src/contract/paging.ts";
import type { Problem } from "../../src/errors.ts";
import {
  chainOf,
  draft,
  drafts,
  json,
  openTrails,
  serveTrails,
  type TestServer,
  type Trails,
} from "./trails.ts";

let trails: Trails;
let server: TestServer;
beforeAll(async () => {
  trails = await openTrails();
  server = await serveTrails(trails);
});
afterAll(async () => {
  await server.stop();
  await trails.end();
});

type Page = List<AuditEntry>;
const page = async (path: string) => {
  const response = await server.get(path);
  expect(response.status).toBe(200);
  return json<Page>(response);
};
const seqs = ({ data }: Page) => data.map(({ seq }) => seq);

test("a trail is read page by page, each entry once and oldest first", async () => {
  const id = await trails.newOrder();
  const written = await trails.append(id, drafts(25), { close: true });
  written.push(...(await trails.append(id, drafts(20, 25))));
  const read: AuditEntry[] = [];
  let query = "limit=10";
  for (;;) {
    const { data, has_more, next_cursor } = await page(`/v1/orders/${id}/audit?${query}`);
    read.push(...data);
    expect(has_more).toBe(next_cursor !== null);
    if (!has_more) break;
    query = `limit=10&cursor=${next_cursor}`;
  }
  expect(read).toEqual(written);
  expect(seqs(await page(`/v1/orders/${id}/audit?after_seq=41`))).toEqual([42, 43, 44]);
  expect(seqs(await page(`/v1/orders/${id}/audit`))).toHaveLength(20);
});

test("a trail is filtered by type, by actor and by kind of actor", async () => {
  const id = await trails.newOrder();
  await trails.append(id, [
    draft(0, "order.created"),
    draft(1, "note", { type: "approver", id: "cfo@example.com" }),
    draft(2, "note"),
    draft(3, "payment.captured", { type: "provider", id: "stripe" }),
  ]);
  const of = async (query: string) => seqs(await page(`/v1/orders/${id}/audit?${query}`));
  expect(await of("type=note")).toEqual([1, 2]);
  expect(await of("actor=cfo@example.com")).toEqual([1]);
  expect(await of("actor=provider")).toEqual([3]);
  expect(await of("type=note&actor=sam@example.com")).toEqual([2]);
  expect(await of("type=order.failed")).toEqual([]);
  expect(await page(`/v1/orders/${id}/audit?type=note&limit=1`)).toMatchObject({
    has_more: true,
    next_cursor: "1",
  });
});

test.each([
  ["/audit?limit=0", "limit"],
  ["/audit?limit=101", "limit"],
  ["/audit?limit=ten", "limit"],
  ["/audit?after_seq=", "after_seq"],
  ["/audit?after_seq=-2", "after_seq"],
  ["/audit?after_seq=1.5", "after_seq"],
  ["/audit?after_seq=99999999999", "after_seq"],
  ["/audit?cursor=1&after_seq=1", "cursor"],
  ["/audit?type=NOTE'", "type"],
  ["/audit?type=a&type=b", "type"],
  ["/audit?actor=", "actor"],
  ["/audit?actor=%00", "actor"],
  ["/audit?colour=red", "colour"],
  ["/audit/stream?after_seq=x", "after_seq"],
])("a bad parameter is named: %s", async (path, field) => {
  const id = await trails.newOrder();
  const response = await server.get(`/v1/orders/${id}${path}`);
  expect(response.status).toBe(400);
  expect((await json<Problem>(response)).errors?.map((error) => error.path)).toEqual([field]);
});

test.each([
  ["from=yesterday", "from"],
  ["to=2026-13-01T00:00:00Z", "to"],
  ["from=1000-01-01T00:00:00Z", "from"],
  ["cursor=nonsense", "cursor"],
  ["order_id=PO-1", "order_id"],
  ["limit=-1", "limit"],
])("a bad parameter of the list across orders is named: %s", async (query, field) => {
  const response = await server.get(`/v1/audit?${query}`);
  expect(response.status).toBe(400);
  expect((await json<Problem>(response)).errors?.map((error) => error.path)).toEqual([field]);
});

test("a Last-Event-ID that is not one is a bad request", async () => {
  const id = await trails.newOrder();
  const response = await server.get(`/v1/orders/${id}/audit/stream`, { "last-event-id": "x" });
  expect(response.status).toBe(400);
  expect((await json<Problem>(response)).errors?.[0]?.path).toBe("Last-Event-ID");
});

test("nobody sees another tenant's trail in any form", async () => {
  const id = await trails.newOrder("other");
  await trails.append(id, drafts(3));
  for (const path of ["/audit", "/audit/stream", "/audit/verify"]) {
    expect((await server.get(`/v1/orders/${id}${path}`)).status).toBe(404);
    expect((await server.get(`/v1/orders/${id}${path}`, { authorization: "" })).status).toBe(401);
  }
  expect((await server.get(`/v1/orders/${id}/audit`, { accept: "text/csv" })).status).toBe(404);
  expect((await page(`/v1/audit?order_id=${id}`)).data).toEqual([]);
  const all = await page("/v1/audit?limit=100");
  expect(all.data.every((entry) => entry.order_id !== id)).toBe(true);
  for (const unknown of ["ord_00000000000000000000000000", "x", "%27"])
    expect((await server.get(`/v1/orders/${unknown}/audit`)).status).toBe(404);
});

test("entries of all orders are listed newest first, by pages that neither repeat nor omit", async () => {
  const tenant = "fleet";
  const written: AuditEntry[] = [];
  const start = Date.parse("2026-03-01T00:00:00.000Z");
  for (let n = 0; n < 6; n++) {
    const id = await trails.newOrder(tenant);
    written.push(...(await trails.append(id, drafts(4), { at: new Date(start + n * 60_000) })));
    written.push(...(await trails.append(id, drafts(3, 4), { at: new Date(start + n * 60_000 + 500) })));
  }
  const list = async (query: string) => {
    const read: AuditEntry[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const path = `/v1/audit?limit=5&${query}${cursor ? `&cursor=${cursor}` : ""}`;
      const got: Page = await json<Page>(await server.get(path, { authorization: `Bearer ${tenant}` }));
      read.push(...got.data);
      cursor = got.next_cursor;
    }
    return read;
  };
  const ids = (entries: AuditEntry[]) => entries.map(({ id }) => id).sort();
  const all = await list("");
  expect(ids(all)).toEqual(ids(written));
  expect(all.map(({ at }) => at)).toEqual(
    all
      .map(({ at }) => at)
      .sort()
      .reverse(),
  );
  const order = written[8]!.order_id;
  const one = await list(`order_id=${order}`);
  expect(one.map(({ seq }) => seq)).toEqual([6, 5, 4, 3, 2, 1, 0]);
  const from = "2026-03-01T00:01:00.500Z";
  const to = "2026-03-01T00:03:00.000Z";
  expect(ids(await list(`from=${from}&to=${to}`))).toEqual(
    ids(written.filter(({ at }) => at >= from && at < to)),
  );
  expect(await list("type=order.created")).toEqual([]);
  expect(await list("actor=sam@example.com")).toHaveLength(written.length);
});

const CELL = /^(?:[^"]*|"(?:[^"]|"")*")$/;

test("CSV holds every entry, and no cell that a spreadsheet would run", async () => {
  const id = await trails.newOrder();
  const bad = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", 'say "hi", she\nsaid'];
  await trails.append(
    id,
    bad.map((name, n) => draft(n, name, { id: name })),
  );
  const response = await server.get(`/v1/orders/${id}/audit`, { accept: "text/csv" });
  expect(response.headers.get("content-type")).toMatch(/^text\/csv; charset=utf-8/);
  expect(response.headers.get("content-disposition")).toContain(`${id}.csv`);
  const text = await response.text();
  expect(text.startsWith("seq,id,order_id,at,type,actor_type,actor_id,data,prev_hash,hash\r\n")).toBe(true);
  const cells = text.match(/(?:"(?:[^"]|"")*"|[^,"\r\n]*)(?=,|\r\n)/g) ?? [];
  for (const cell of cells) {
    expect(cell).toMatch(CELL);
    expect(cell.replace(/^"/, "")).not.toMatch(/^[=+\-@\t\r\0]/);
  }
  const [nul] = chainOf([draft(0, "note", { id: "\0=1" })]);
  expect(csvLine(nul!)).toContain(",'\0=1,");
  expect(text).toContain(`'=1+1`);
  expect(text).toContain(`"say ""hi"", she\nsaid"`);
});

test("an exported file verifies offline, and the service agrees", async () => {
  const id = await trails.newOrder();
  await trails.append(id, drafts(1_200));
  await trails.append(id, drafts(17, 1_200), { close: true });
  const response = await server.get(`/v1/orders/${id}/audit`, { accept: "application/x-ndjson" });
  expect(response.headers.get("content-type")).toBe("application/x-ndjson");
  const text = await response.text();
  const head_hash = response.headers.get("audit-head-hash") ?? "";
  const expected = { entries: Number(response.headers.get("audit-entries")), head_hash };
  const folder = await mkdtemp(join(tmpdir(), "countersign-export-"));
  try {
    const file = join(folder, `${id}.ndjson`);
    await writeFile(file, text);
    expect(await verifyFile(file, { expected })).toMatchObject({
      code: 0,
      result: { valid: true, entries: 1_217, head_hash },
    });
    await writeFile(file, text.replace("entry 700", "entry 7OO"));
    expect(await verifyFile(file)).toMatchObject({
      code: 1,
      result: { fault: "edited", first_bad_seq: 700 },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
  const target = { url: server.url, key: "dev", orderId: id };
  expect(await verifyOrder(target)).toMatchObject({
    code: 0,
    result: { valid: true, entries: 1_217, head_hash },
  });
  await expect(verifyOrder({ ...target, orderId: "ord_none" })).rejects.toThrow("There is no order");
});

test("what cannot be produced is not acceptable", async () => {
  const id = await trails.newOrder();
  const response = await server.get(`/v1/orders/${id}/audit`, { accept: "image/png" });
  expect(response.status).toBe(406);
});

test("the trail is printed as lines and as JSON, over as many pages as it has", async () => {
  const id = await trails.newOrder();
  const written = await trails.append(id, drafts(130));
  const print = async (json: boolean) => {
    let text = "";
    const code = await followTrail({
      url: server.url,
      key: "dev",
      orderId: id,
      follow: false,
      json,
      write: (part) => void (text += part),
    });
    expect(code).toBe(0);
    return text.trimEnd().split("\n");
  };
  expect((await print(true)).map((line) => JSON.parse(line) as unknown)).toEqual(written);
  const lines = await print(false);
  expect(lines).toHaveLength(130);
  expect(lines[7]).toMatch(/^ {2}#7 .* api sam@example\.com +Note: “entry 7”$/);
});
