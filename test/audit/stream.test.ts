import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { followTrail } from "../../src/cli/trail.ts";
import type { AuditEntry } from "../../src/domain/audit-entry.ts";
import { draft, drafts, openTrails, serveTrails, type TestServer, type Trails } from "./trails.ts";

let trails: Trails;
let server: TestServer;
beforeAll(async () => {
  trails = await openTrails();
  server = await serveTrails(trails);
});
afterEach(() => server.disconnectAll());
afterAll(async () => {
  await server.stop();
  await trails.end();
});

test("the stream is server-sent events with the entry's seq as id, and says when the trail is closed", async () => {
  const id = await trails.newOrder();
  const written = await trails.append(id, drafts(2), { close: true });
  const response = await server.get(`/v1/orders/${id}/audit/stream`);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(response.headers.get("x-accel-buffering")).toBe("no");
  const blocks = (await response.text()).split("\n\n");
  expect(blocks).toEqual([
    "retry: 1000",
    `id: 0\nevent: audit\ndata: ${JSON.stringify(written[0])}`,
    `id: 1\nevent: audit\ndata: ${JSON.stringify(written[1])}`,
    'event: end\ndata: {"after_seq":1}',
    "",
  ]);
});

test("Last-Event-ID, and otherwise after_seq, says where to go on", async () => {
  const id = await trails.newOrder();
  await trails.append(id, drafts(6), { close: true });
  const ids = async (query: string, headers = {}) =>
    [
      ...(await (await server.get(`/v1/orders/${id}/audit/stream${query}`, headers)).text()).matchAll(
        /^id: (.*)$/gm,
      ),
    ].map(([, seq]) => Number(seq));
  expect(await ids("?after_seq=3")).toEqual([4, 5]);
  expect(await ids("", { "last-event-id": "1" })).toEqual([2, 3, 4, 5]);
  expect(await ids("?after_seq=0", { "last-event-id": "4" })).toEqual([5]);
  expect(await ids("?after_seq=5")).toEqual([]);
});

test("the command that follows a trail shows each entry once, however often its connection breaks", async () => {
  const id = await trails.newOrder();
  const total = 300;
  const outputs = Array.from({ length: 5 }, () => [] as AuditEntry[]);
  const following = outputs.map((seen) =>
    followTrail({
      url: server.url,
      key: "dev",
      orderId: id,
      follow: true,
      json: true,
      write: (text) => void seen.push(JSON.parse(text) as AuditEntry),
    }),
  );
  const written: AuditEntry[] = [];
  for (let n = 0; n < total; n += 3) {
    written.push(...(await trails.append(id, drafts(3, n), { close: n + 3 >= total })));
    if (n % 45 === 0) {
      await sleep(20);
      server.disconnectAll();
    }
  }
  expect(await Promise.all(following)).toEqual([0, 0, 0, 0, 0]);
  for (const seen of outputs) expect(seen).toEqual(written);
});

test("following an order that does not exist is an error at once", async () => {
  const follow = {
    url: server.url,
    key: "dev",
    orderId: "ord_none",
    follow: true,
    json: true,
    write: () => {},
  };
  await expect(followTrail(follow)).rejects.toThrow("There is no order");
});

interface Followed {
  entries: AuditEntry[];
  code: number;
  reason: string;
}

const follow = (
  path: string,
  headers: Record<string, string> = { authorization: "Bearer dev" },
): Promise<Followed> =>
  new Promise((resolve, reject) => {
    const entries: AuditEntry[] = [];
    const client = new WebSocket(server.url.replace("http", "ws") + path, { headers });
    client.on("message", (data: Buffer) => entries.push(JSON.parse(data.toString()) as AuditEntry));
    client.on("close", (code, reason) => resolve({ entries, code, reason: reason.toString() }));
    client.on("error", reject);
  });

test("the same path upgraded gives the same entries, and closes when the trail is closed", async () => {
  const id = await trails.newOrder();
  const written = await trails.append(id, drafts(3));
  const all = follow(`/v1/orders/${id}/audit/stream`);
  const rest = follow(`/v1/orders/${id}/audit/stream?after_seq=1`);
  await sleep(100);
  written.push(...(await trails.append(id, [draft(3)], { close: true })));
  expect(await all).toEqual({ entries: written, code: 1000, reason: "end" });
  expect((await rest).entries).toEqual(written.slice(2));
});

test("a WebSocket is refused as the same request over HTTP would be", async () => {
  const id = await trails.newOrder();
  const path = `/v1/orders/${id}/audit/stream`;
  await expect(follow(path, {})).rejects.toThrow("401");
  await expect(follow(path, { authorization: "Bearer other" })).rejects.toThrow("404");
  await expect(follow(`${path}?after_seq=x`)).rejects.toThrow("400");
  await expect(follow(`${path}?access_token=dev`, {})).rejects.toThrow("401");
  await expect(follow("/v1/orders")).rejects.toThrow();
});

test("a client that is ahead of the trail is told where it stands", async () => {
  const id = await trails.newOrder();
  await trails.append(id, drafts(2), { close: true });
  const response = await server.get(`/v1/orders/${id}/audit/stream?after_seq=70`);
  expect(await response.text()).toContain('id: 1\nevent: resync\ndata: {"after_seq":1,"reason":"ahead"}');
  expect(await follow(`/v1/orders/${id}/audit/stream?after_seq=70`)).toMatchObject({
    code: 1013,
    reason: "resync after_seq=1",
  });
});
