import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { loadKeys, parseKeys, publicKeyPem, type CheckpointKey } from "../../src/audit/checkpoint-key.ts";
import { startCheckpoints, type CheckpointOptions } from "../../src/audit/checkpoints.ts";
import { makeCheckpoints } from "../../src/audit/make-checkpoint.ts";
import { proveOrder } from "../../src/audit/prove.ts";
import { verifyStored } from "../../src/audit/verify-stored.ts";
import { verifyFile } from "../../src/cli/verify.ts";
import { scanTrail } from "../../src/db/audit-index.ts";
import { appendToChain, GENESIS } from "../../src/domain/audit-chain.ts";
import type { AuditEntry } from "../../src/domain/audit-entry.ts";
import { isIncluded } from "../../src/domain/audit-checkpoint.ts";
import { createLog } from "../../src/log.ts";
import { draft, drafts, openTrails, type Trails } from "./trails.ts";

const log = createLog("silent");
const ends: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

const newKey = (): { key: CheckpointKey; pem: string } => {
  const pem = generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  return { key: parseKeys(pem, "test")[0]!, pem };
};

let trails: Trails;
let folder: string;
let key: CheckpointKey;
let deps: { pool: Trails["pool"]; keys: CheckpointKey[] };

beforeEach(async () => {
  trails = await openTrails();
  folder = await mkdtemp(join(tmpdir(), "countersign-checkpoints-"));
  const [opened, made] = [trails, folder];
  ends.push(async () => {
    await opened.end();
    await rm(made, { recursive: true, force: true });
  });
  ({ key } = newKey());
  deps = { pool: trails.pool, keys: [key] };
});

const trail = async (length: number): Promise<string> => {
  const id = await trails.newOrder();
  await trails.append(id, drafts(length));
  return id;
};

const make = (options: Parameters<typeof makeCheckpoints>[1] = {}) => makeCheckpoints(deps, options);
const sql = (text: string, values: unknown[]) => trails.pool.query(text, values);

/** Writes an order's whole trail anew, with every hash made right, in the streams, the index and the order's row. */
async function rewrite(id: string, change: (drafts: AuditEntry[]) => AuditEntry[]): Promise<void> {
  const old: AuditEntry[] = [];
  for await (const batch of scanTrail(trails.pool, "dev", id, { after: -1 }))
    old.push(...batch.map(({ text }) => JSON.parse(text ?? "") as AuditEntry));
  const fresh = change(old).reduce<AuditEntry[]>((chain, { at, ...entry }) => {
    const head = { entries: chain.length, head_hash: chain.at(-1)?.hash ?? GENESIS };
    return [...chain, ...appendToChain(id, head, [entry], new Date(at))];
  }, []);
  await sql("delete from dbos.streams where workflow_uuid = $1", [id]);
  await sql("delete from countersign.audit_index where order_id = $1", [id]);
  for (const entry of fresh) {
    await sql(
      `insert into dbos.streams (workflow_uuid, key, value, "offset", function_id) values ($1, 'audit', $2, $3, 1)`,
      [id, JSON.stringify(entry), entry.seq],
    );
    await sql(
      `insert into countersign.audit_index
              (order_id, seq, id, tenant, at, type, actor_type, actor_id, workflow_id, stream_offset)
       values ($1, $2, $3, 'dev', $4, $5, $6, $7, $1, $2)`,
      [id, entry.seq, entry.id, entry.at, entry.type, entry.actor.type, entry.actor.id],
    );
  }
  await sql("update countersign.orders set entries = $2, head_hash = $3 where id = $1", [
    id,
    fresh.length,
    fresh.at(-1)?.hash ?? GENESIS,
  ]);
}

const altered = (seq: number) => (chain: AuditEntry[]) =>
  chain.map((entry) => (entry.seq === seq ? { ...entry, data: { text: "it never happened" } } : entry));

const exported = async (id: string): Promise<string> => {
  const file = join(folder, `${id}.ndjson`);
  let text = "";
  for await (const batch of scanTrail(trails.pool, "dev", id, { after: -1 }))
    text += batch.map((row) => `${row.text}\n`).join("");
  await writeFile(file, text);
  return file;
};

describe("what is stated", () => {
  test("a checkpoint holds the trails that have grown since the one before, and each has a proof", async () => {
    const [a, b] = [await trail(3), await trail(5)];
    await trails.newOrder();
    const [first] = await make();
    expect(first).toMatchObject({ number: 1, size: 2, prev_hash: GENESIS });
    await trails.append(b, [draft(5)]);
    const [second] = await make();
    expect(second).toMatchObject({ number: 2, size: 1, prev_hash: first!.hash });
    const proofs = [await proveOrder(trails.pool, a, null), await proveOrder(trails.pool, b, null)];
    expect(proofs.map((proof) => [proof?.checkpoint.number, proof?.leaf.entries])).toEqual([
      [1, 3],
      [2, 6],
    ]);
    expect(proofs.every((proof) => proof && isIncluded(proof))).toBe(true);
    expect((await proveOrder(trails.pool, b, 1))?.leaf.entries).toBe(5);
    expect(await verifyStored(trails.pool, "dev", b)).toMatchObject({ valid: true, entries: 6, vouched: 6 });
  });

  test("an hour without changes still has its checkpoint, of nothing", async () => {
    await trail(1);
    await make();
    expect(await make()).toMatchObject([{ number: 2, size: 0 }]);
  });

  test("more trails than one checkpoint holds are stated by several", async () => {
    const ids = await Promise.all(Array.from({ length: 7 }, () => trail(1)));
    const made = await makeCheckpoints({ ...deps, mostLeaves: 3 });
    expect(made.map(({ size }) => size)).toEqual([3, 3, 1]);
    for (const id of ids) expect(isIncluded((await proveOrder(trails.pool, id, null))!)).toBe(true);
  });

  test("only what was written to lately is looked at, and once a day everything", async () => {
    await make();
    const id = await trails.newOrder();
    await trails.append(id, drafts(2), { at: new Date(Date.now() - 3_600_000) });
    expect(await make()).toMatchObject([{ size: 0 }]);
    expect(await make({ sweep: true })).toMatchObject([{ size: 1 }]);
    await trails.append(await trails.newOrder(), drafts(2), { at: new Date(Date.now() - 3_600_000) });
    await sql("update countersign.checkpoints set at = at - interval '25 hours' where swept", []);
    expect(await make()).toMatchObject([{ size: 1 }]);
  });

  test("of two processes at the same hour one makes it", async () => {
    await trail(2);
    const made = await Promise.all([1, 2, 3, 4].map(() => make({ unlessYoungerThanMs: 60_000 })));
    expect(made.flat()).toMatchObject([{ number: 1 }]);
    const wanted = await Promise.all([1, 2, 3].map(() => make()));
    expect(
      wanted
        .flat()
        .map(({ number }) => number)
        .sort(),
    ).toEqual([2, 3, 4]);
  });
});

describe("what is found", () => {
  test("a trail written anew with every hash made right contradicts the checkpoint", async () => {
    const id = await trail(4);
    await make();
    await trails.append(id, drafts(4, 4));
    await make();
    await trails.append(id, drafts(2, 8));
    expect(await verifyStored(trails.pool, "dev", id)).toMatchObject({
      valid: true,
      entries: 10,
      vouched: 8,
    });
    await rewrite(id, altered(5));
    expect(await verifyStored(trails.pool, "dev", id)).toMatchObject({
      ...{ valid: false, fault: "rewritten", first_bad_seq: 4, entries: 4, contradicts: "checkpoint 2" },
    });
  });

  test("a trail cut off with its row made right is truncated", async () => {
    const id = await trail(6);
    await make();
    await rewrite(id, (chain) => chain.slice(0, 4));
    expect(await verifyStored(trails.pool, "dev", id)).toMatchObject({
      ...{ valid: false, fault: "truncated", first_bad_seq: 4, contradicts: "checkpoint 1" },
    });
  });

  test("leaves written anew to suit a trail do not suit the signed root", async () => {
    const id = await trail(3);
    await trail(3);
    await make();
    await rewrite(id, altered(1));
    await sql(
      "update countersign.checkpoint_leaves l set head_hash = o.head_hash from countersign.orders o where o.id = l.order_id and o.id = $1",
      [id],
    );
    expect(await verifyStored(trails.pool, "dev", id)).toMatchObject({
      ...{ valid: false, fault: "rewritten", contradicts: "checkpoint 1" },
    });
  });

  test("what no checkpoint states yet can be written anew unseen: this is what the hour between them means", async () => {
    const id = await trail(3);
    await rewrite(id, altered(1));
    expect(await verifyStored(trails.pool, "dev", id)).toMatchObject({ valid: true, entries: 3 });
  });
});

const options = (more: Partial<CheckpointOptions> = {}): CheckpointOptions => ({
  ...deps,
  dir: join(folder, "sent"),
  everyMs: 3_600_000,
  log,
  ...more,
});

describe("what is sent", () => {
  test("files and key alone prove a trail, and find one that was written anew", async () => {
    const [id, other] = [await trail(4), await trail(2)];
    const checkpoints = startCheckpoints(options());
    await checkpoints.make();
    await trails.append(id, drafts(3, 4));
    await checkpoints.make();
    await checkpoints.stop();
    const dir = join(folder, "sent");
    const keyFile = join(folder, "key.pem");
    await writeFile(keyFile, publicKeyPem(key.public));
    const held = { checkpoints: [dir], keyFile };
    const good = await verifyFile(await exported(id), held);
    expect(good).toMatchObject({ code: 0, result: { valid: true, vouched: 7 } });
    expect(good.message).toContain("they state 7 of the 7 entries");
    expect((await verifyFile(await exported(other), held)).result).toMatchObject({ vouched: 2 });

    const proof = join(folder, "proof.json");
    await writeFile(proof, JSON.stringify(await proveOrder(trails.pool, id, null), null, 2));
    expect(await verifyFile(await exported(id), { checkpoints: [proof], keyFile })).toMatchObject({
      code: 0,
      result: { vouched: 7 },
    });

    await rewrite(id, altered(5));
    const bad = await verifyFile(await exported(id), held);
    expect(bad).toMatchObject({ code: 1, result: { fault: "rewritten", first_bad_seq: 4 } });
    expect(bad.message).toMatch(
      /entry 4 or one after it was written anew \(rewritten\), against checkpoint \d/,
    );
    const head = good.result.head_hash;
    expect(await verifyFile(await exported(id), { head })).toMatchObject({
      code: 1,
      result: { fault: "truncated" },
    });
    expect(await verifyFile(await exported(other), { head: good.result.head_hash })).toMatchObject({
      code: 1,
    });

    const stranger = join(folder, "stranger.pem");
    await writeFile(stranger, publicKeyPem(newKey().key.public));
    expect(
      (await verifyFile(await exported(other), { checkpoints: [dir], keyFile: stranger })).message,
    ).toContain("signed by a key that nothing vouches for");
  });

  test.each([
    ["an altered statement", (text: string) => text.replace(/"size":\d+/, '"size":9'), "signature"],
    ["an altered leaf", (text: string) => text.replace(/"entries":4/, '"entries":5'), "inclusion"],
    ["a missing leaf", (text: string) => text.split("\n").slice(0, -2).join("\n"), "inclusion"],
    ["garbage", (text: string) => `${text}\nnothing`, "malformed"],
  ])("%s in a checkpoint's file is found", async (_, change, problem) => {
    const id = await trail(4);
    await trail(2);
    const checkpoints = startCheckpoints(options());
    await checkpoints.make();
    await checkpoints.stop();
    const dir = join(folder, "sent");
    const [name] = await readdir(dir);
    const file = join(dir, name!);
    await writeFile(file, change(await readFile(file, "utf8")));
    const { result, code } = await verifyFile(await exported(id), { checkpoints: [dir] });
    expect(result.checkpoints?.faults[0]).toMatchObject({ problem });
    expect(code).toBe(1);
  });

  test("a chain of checkpoints written anew, with the right key even, contradicts the copies", async () => {
    const id = await trail(4);
    const first = startCheckpoints(options());
    await first.make();
    await first.stop();
    await rewrite(id, altered(2));
    await sql("delete from countersign.checkpoint_leaves", []);
    await sql("delete from countersign.checkpoints", []);
    const second = startCheckpoints(options());
    await second.make();
    await second.stop();
    expect(await verifyStored(trails.pool, "dev", id)).toMatchObject({ valid: true });
    const dir = join(folder, "sent");
    expect((await readdir(dir)).join()).toMatch(/000000000001\.[0-9a-f]{16}\.ndjson/);
    const { result } = await verifyFile(await exported(id), { checkpoints: [dir] });
    expect(result.checkpoints?.faults.map(({ problem }) => problem)).toContain("forked");
  });

  test("what was made and not sent is sent by whoever comes next, byte for byte the same", async () => {
    await trail(1);
    const [made] = await make();
    const mails: string[] = [];
    let down = true;
    const checkpoints = startCheckpoints(
      options({
        pollMs: 20,
        mail: (statement) => {
          if (!down) mails.push(statement);
          return Promise.resolve(!down);
        },
      }),
    );
    const dir = join(folder, "sent");
    await expect.poll(() => readdir(dir).catch(() => [])).toEqual(["000000000001.ndjson"]);
    expect(mails).toEqual([]);
    down = false;
    await expect.poll(() => mails).toEqual([JSON.stringify(made)]);
    await checkpoints.make();
    await checkpoints.stop();
    expect(mails).toHaveLength(2);
    expect((await readdir(dir)).sort()).toEqual(["000000000001.ndjson", "000000000002.ndjson"]);
    const { rows } = await trails.pool.query("select from countersign.checkpoints where sent_at is null");
    expect(rows).toEqual([]);
  });
});

describe("the key", () => {
  test("is made once for development, and kept", async () => {
    const [made] = await loadKeys(null, folder);
    const [again] = await loadKeys(null, folder);
    expect(again?.public).toBe(made?.public);
  });

  test("changes by a statement of the former one, and whoever trusts either can follow", async () => {
    const id = await trail(2);
    const next = newKey().key;
    const sent = () => startCheckpoints(options());
    let checkpoints = sent();
    await checkpoints.make();
    await checkpoints.stop();
    deps = { ...deps, keys: [next] };
    await expect(make()).rejects.toThrow("Put the former private key above the new one");
    deps = { ...deps, keys: [key, next] };
    checkpoints = sent();
    await trails.append(id, [draft(2)]);
    await checkpoints.make();
    await checkpoints.stop();
    deps = { ...deps, keys: [next] };
    checkpoints = sent();
    await checkpoints.make();
    await checkpoints.stop();
    for (const trusted of [key, next]) {
      const keyFile = join(folder, "trusted.pem");
      await writeFile(keyFile, publicKeyPem(trusted.public));
      const dir = join(folder, "sent");
      const { result, code } = await verifyFile(await exported(id), { checkpoints: [dir], keyFile });
      expect(result.checkpoints?.faults).toEqual([]);
      expect(code).toBe(0);
    }
  });

  test("that was lost is replaced by an admin's word, and whoever trusts the former one is told", async () => {
    const id = await trail(2);
    let checkpoints = startCheckpoints(options());
    await checkpoints.make();
    await checkpoints.stop();
    const next = newKey().key;
    deps = { ...deps, keys: [next] };
    await make({ acceptNewKey: true });
    checkpoints = startCheckpoints(options());
    await checkpoints.make();
    await checkpoints.stop();
    const keyFile = join(folder, "former.pem");
    await writeFile(keyFile, publicKeyPem(key.public));
    const { result } = await verifyFile(await exported(id), { checkpoints: [join(folder, "sent")], keyFile });
    expect(result.checkpoints?.faults.map(({ problem }) => problem)).toContain("key");
  });
});
