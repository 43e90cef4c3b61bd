import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { verifyStored } from "../../src/audit/verify-stored.ts";
import { followTrail } from "../../src/cli/trail.ts";
import { verifyFile } from "../../src/cli/verify.ts";
import { entryHash } from "../../src/domain/audit-chain.ts";
import type { AuditDraft, AuditEntry } from "../../src/domain/audit-entry.ts";
import { ERASED, plainValues, sealDraft, type PersonalValue } from "../../src/domain/personal.ts";
import type { Problem } from "../../src/errors.ts";
import { draft, json, openTrails, serveTrails, type TestServer, type Trails } from "../audit/trails.ts";

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

/** Appends an entry as the service does today: sealed, with its values beside it. */
async function say(id: string, entry: AuditDraft): Promise<AuditEntry> {
  const sealed = sealDraft(entry, [], () => randomBytes(16).toString("hex"));
  const [written] = await trails.append(id, [sealed.draft]);
  if (!written) throw new Error("one entry was appended");
  for (const { path, salt, value } of sealed.personal)
    await trails.pool.query("insert into countersign.audit_personal values ($1, $2, $3, $4, $5)", [
      id,
      written.seq,
      path,
      salt,
      value,
    ]);
  return written;
}

/** Two entries of an older release, with their text in them, and two of today. */
async function trail(): Promise<string> {
  const id = await trails.newOrder();
  await trails.append(id, [draft(0), draft(1)]);
  await say(id, draft(2));
  await say(id, { ...draft(3, "refund.failed"), data: { failure: "no such card", amount: 5 } });
  return id;
}

type Page = { data: (AuditEntry & { personal?: PersonalValue[] })[]; personal: Record<string, unknown> };
const read = async (id: string, query = "") =>
  json<Page>(await server.get(`/v1/orders/${id}/audit?${query}`));
const texts = (data: AuditEntry[]) => data.map((entry) => entry.data["text"] ?? entry.data["failure"]);
const lines = async (id: string, query = "") =>
  (await (await server.get(`/v1/orders/${id}/audit?${query}`, { accept: "application/x-ndjson" })).text())
    .trimEnd()
    .split("\n");

async function verified(file: string[]) {
  const folder = await mkdtemp(join(tmpdir(), "countersign-views-"));
  try {
    await writeFile(join(folder, "trail.ndjson"), `${file.join("\n")}\n`);
    return await verifyFile(join(folder, "trail.ndjson"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("entries as they are read hash to what they say, and the values stand beside them", async () => {
  const id = await trail();
  for (const { data, personal } of [
    await read(id),
    await json<Page>(await server.get(`/v1/audit?order_id=${id}`)),
  ]) {
    for (const entry of data) expect(entryHash(entry)).toBe(entry.hash);
    const of = (seq: number) => personal[data.find((entry) => entry.seq === seq)?.id ?? ""];
    expect([of(0), of(2), of(3)]).toEqual([
      undefined,
      { "/data/text": "entry 2" },
      { "/data/failure": "no such card" },
    ]);
  }
});

test("who wants to read gets the values in their places, in every form", async () => {
  const id = await trail();
  const all = ["entry 0", "entry 1", "entry 2", "no such card"];
  expect(texts((await read(id, "readable=true")).data)).toEqual(all);
  expect(texts((await lines(id, "readable=true")).map((line) => JSON.parse(line) as AuditEntry))).toEqual(
    all,
  );
  const csv = await (await server.get(`/v1/orders/${id}/audit`, { accept: "text/csv" })).text();
  for (const text of all) expect(csv).toContain(text);
  let printed = "";
  const target = {
    url: server.url,
    key: "dev",
    orderId: id,
    write: (text: string) => void (printed += text),
  };
  await followTrail({ ...target, follow: false, json: false });
  for (const text of all) expect(printed).toContain(text);

  await trails.append(id, [], { close: true });
  const stream = await server.get(`/v1/orders/${id}/audit/stream?readable=true&after_seq=1`);
  expect([...(await stream.text()).matchAll(/^data: (.*)$/gm)].map(([, data]) => data)).toEqual([
    expect.stringContaining('"text":"entry 2"'),
    expect.stringContaining('"failure":"no such card"'),
    '{"after_seq":3}',
  ]);
  const messages: string[] = [];
  const socket = new WebSocket(
    `${server.url.replace("http", "ws")}/v1/orders/${id}/audit/stream?readable=true&after_seq=1`,
    { headers: { authorization: "Bearer dev" } },
  );
  socket.on("message", (data: Buffer) => messages.push(data.toString()));
  await new Promise((resolve) => socket.on("close", resolve));
  expect(texts(messages.map((text) => JSON.parse(text) as AuditEntry))).toEqual(all.slice(2));
});

test("an export with its proof is verified value by value, without the service", async () => {
  const id = await trail();
  expect((await verified(await lines(id))).result).toMatchObject({ valid: true, entries: 4 });
  const proof = await lines(id, "proof=true");
  expect(JSON.parse(proof[2] ?? "")).toMatchObject({ personal: [{ path: "/data/text", value: "entry 2" }] });
  expect((await verified(proof)).result).toMatchObject({ valid: true, entries: 4 });
  const forged = proof.map((line) => line.replace('"value":"entry 2"', '"value":"entry 7"'));
  expect(await verified(forged)).toMatchObject({
    code: 1,
    result: { valid: false, fault: "misstated", first_bad_seq: 2, entries: 2 },
    message: expect.stringContaining(
      "has a personal value beside it that is not the one it commits to",
    ) as string,
  });
  const elsewhere = proof.map((line) => line.replace('"path":"/data/text"', '"path":"/data/other"'));
  expect((await verified(elsewhere)).result).toMatchObject({ fault: "misstated", first_bad_seq: 2 });
  let printed = "";
  const target = {
    url: server.url,
    key: "dev",
    orderId: id,
    write: (text: string) => void (printed += text),
  };
  await followTrail({ ...target, follow: false, json: true });
  expect(printed.trimEnd().split("\n")).toEqual(proof);
});

test("a value that was exchanged, or is gone though nobody erased it, is found in what is stored", async () => {
  const id = await trail();
  const verdict = () => verifyStored(trails.pool, "dev", id);
  expect(await verdict()).toMatchObject({ valid: true, entries: 4 });
  const set = (value: string) =>
    trails.pool.query("update countersign.audit_personal set value = $2 where order_id = $1 and seq = 2", [
      id,
      value,
    ]);
  await set("entry 9");
  expect(await verdict()).toMatchObject({ valid: false, fault: "misstated", first_bad_seq: 2 });
  await set("entry 2");
  expect(await verdict()).toMatchObject({ valid: true });
  await trails.pool.query("delete from countersign.audit_personal where order_id = $1", [id]);
  expect(await verdict()).toMatchObject({ valid: false, fault: "withheld", first_bad_seq: 2 });
  const { data, personal } = await read(id);
  expect(personal[data[2]?.id ?? ""]).toEqual({ "/data/text": null });
  expect(texts((await read(id, "readable=true")).data)).toEqual(["entry 0", "entry 1", ERASED, ERASED]);
  await say(id, { ...draft(4, "order.erased"), data: { reason: "asked for" } });
  expect(await verdict()).toMatchObject({ valid: true, entries: 5 });
  // Only what was there when it was erased is gone by right.
  await say(id, draft(5));
  await trails.pool.query("delete from countersign.audit_personal where order_id = $1 and seq = 5", [id]);
  expect(await verdict()).toMatchObject({ valid: false, fault: "withheld", first_bad_seq: 5 });
});

test("entries of an older release are known by the text in them", async () => {
  const id = await trail();
  const { data } = await read(id);
  expect(data.map((entry) => plainValues(entry, []))).toEqual([1, 1, 0, 0]);
});

test("one way to show entries is asked for at a time", async () => {
  const id = await trails.newOrder();
  for (const [query, field] of [
    ["readable=true&proof=true", "proof"],
    ["proof=yes", "proof"],
    ["readable=", "readable"],
  ])
    for (const path of ["/audit", "/audit/stream"]) {
      const response = await server.get(`/v1/orders/${id}${path}?${query}`);
      expect(response.status).toBe(400);
      expect((await json<Problem>(response)).errors?.map((error) => error.path)).toEqual([field]);
    }
});
