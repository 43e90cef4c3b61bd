import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, expect, test } from "vitest";
import { z } from "zod";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { prepareDatabase } from "../../src/db/embedded-owner.ts";
import { processStart } from "../../src/db/embedded-process.ts";

const isRoot = process.getuid?.() === 0;
const NOBODY = { uid: 65534, gid: 65534 };

const scratch = mkdtempSync(join(tmpdir(), "countersign-embedded-"));
chmodSync(scratch, 0o755);
/** The directory that most tests hand on to the next: a start on what the one before left behind. */
const dataDir = join(scratch, "data");

const running = new Set<EmbeddedPostgres>();
const children = new Set<ChildProcess>();

afterEach(async () => {
  await Promise.all([...running].map((server) => server.stop()));
  running.clear();
  for (const child of children) child.kill("SIGKILL");
  children.clear();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function start(directory = dataDir, transport?: "socket" | "tcp") {
  const server = await startEmbeddedPostgres({
    dataDir: directory,
    durable: false,
    ...(transport ? { transport } : {}),
  });
  running.add(server);
  return server;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text: sql, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

const Held = z.object({ url: z.string(), pid: z.number() }).or(z.object({ error: z.string() }));

async function holdElsewhere(directory: string, account?: typeof NOBODY) {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", join(import.meta.dirname, "hold.ts"), directory],
    {
      ...account,
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  children.add(child);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, held: Held.parse(JSON.parse(line)) };
}

async function holdOrFail(directory: string, account?: typeof NOBODY) {
  const { child, held } = await holdElsewhere(directory, account);
  if ("error" in held) throw new Error(held.error);
  return { child, ...held };
}

async function kill(child: ChildProcess) {
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 10_000; ; await sleep(20)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

test("a first start makes a PostgreSQL 18 that keeps what it is told, also over a restart", async () => {
  const steps: string[] = [];
  const server = await startEmbeddedPostgres({ dataDir, onProgress: (step) => steps.push(step) });
  expect(steps).toEqual(["creating the database (first start)", "starting PostgreSQL"]);
  expect(await query(server.url, "show server_version")).toEqual([expect.stringMatching(/^18\./)]);
  expect(await query(server.url, "select name || setting from pg_settings where name = 'fsync'")).toEqual([
    "fsyncon",
  ]);
  expect(await query(server.url, "show listen_addresses")).toEqual([""]);
  await query(server.url, "create table kept as select 1 as n");
  const { pid } = server;
  await server.stop();
  await server.stop();
  expect(processStart(pid)).toBeUndefined();

  const again = await start();
  expect(again.url).toBe(server.url);
  expect(await query(again.url, "select n from kept")).toEqual([1]);
});

test("nobody else can reach the socket", async () => {
  const server = await start();
  const socket = new URL(server.url).searchParams.get("host") ?? "";
  expect(existsSync(socket)).toBe(true);
  if (!isRoot) return console.log("not tried as another user: only root can become one");
  expect(spawnSync("ls", [socket], NOBODY).status).not.toBe(0);
});

test("a killed server is started again at the same address", async () => {
  const server = await start();
  const { pid } = server;
  process.kill(pid, "SIGKILL");
  expect(await eventually(() => query(server.url, "select n from kept"))).toEqual([1]);
  expect(server.pid).not.toBe(pid);
});

test("a server that outlived its killed process hands its data to the next start", async () => {
  const { child, url, pid } = await holdOrFail(dataDir);
  await query(url, "insert into kept values (2)");
  await kill(child);
  expect(processStart(pid)).toBeDefined();

  const server = await start();
  expect(await query(server.url, "select n from kept")).toEqual([1, 2]);
  expect(processStart(pid)).toBeUndefined();
});

test("after everything was killed the next start recovers", async () => {
  const { child, url, pid } = await holdOrFail(dataDir);
  await query(url, "insert into kept values (3)");
  await query(url, "checkpoint");
  process.kill(pid, "SIGKILL");
  await kill(child);
  expect(existsSync(join(dataDir, "postgres", "postmaster.pid"))).toBe(true);

  const server = await start();
  expect(await query(server.url, "select n from kept")).toEqual([1, 2, 3]);
});

test("process ids that went to somebody else do not block a start", async () => {
  const stranger = spawn("sleep", ["60"]);
  children.add(stranger);
  const cluster = join(dataDir, "postgres");
  writeFileSync(
    join(cluster, "postmaster.pid"),
    `${stranger.pid}\n${cluster}\n1\n5432\n\n\n 1 1\nready   \n`,
  );
  writeFileSync(
    join(dataDir, "postgres.lock"),
    JSON.stringify({ pid: stranger.pid, started: "another time" }),
  );

  const server = await start();
  expect(await query(server.url, "select 1")).toEqual([1]);
  expect(stranger.exitCode).toBeNull();
});

test("a half-written lock does not block a start", async () => {
  writeFileSync(join(dataDir, "postgres.lock"), '{"pid":');
  await start();
});

test("a second start on the same directory names the directory, the process and the remedy", async () => {
  const { child } = await holdOrFail(dataDir);
  const refused = start();
  await expect(refused).rejects.toMatchObject({ code: "conflict" });
  await expect(refused).rejects.toThrow(
    `The data directory ${dataDir} is in use by process ${child.pid}: stop that process, or set DATA_DIR to another directory.`,
  );
  child.stdin?.end();
  await once(child, "exit");
  expect(existsSync(join(dataDir, "postgres.lock"))).toBe(false);
  await start();
  expect(JSON.stringify((await holdElsewhere(dataDir)).held)).toContain(`in use by process ${process.pid}`);
});

test("two simultaneous starts on one directory: one gets it", async () => {
  const both = await Promise.all([holdElsewhere(dataDir), holdElsewhere(dataDir)]);
  expect(both.filter(({ held }) => "url" in held)).toHaveLength(1);
  const [winner] = both.filter(({ held }) => "url" in held);
  winner?.child.stdin?.end();
  await once(winner!.child, "exit");
});

test("a path too long for a socket gets one elsewhere", async () => {
  const server = await start(join(scratch, "d".repeat(100), "data"));
  expect(await query(server.url, "select 1")).toEqual([1]);
  const socket = new URL(server.url).searchParams.get("host") ?? "";
  expect(socket).not.toContain("ddd");
  await server.stop();
  expect(existsSync(socket)).toBe(false);
});

test("without sockets it listens on a free loopback port and asks for a password", async () => {
  const directory = join(scratch, "tcp");
  const server = await start(directory, "tcp");
  expect(await query(server.url, "show listen_addresses")).toEqual(["127.0.0.1"]);
  const wrong = new URL(server.url);
  wrong.password = "wrong";
  await expect(query(wrong.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
  await server.stop();
  const again = await start(directory, "tcp");
  expect(await query(again.url, "select 1")).toEqual([1]);
});

test("a database of another PostgreSQL version is refused with the remedy", async () => {
  const directory = join(scratch, "older");
  mkdirSync(join(directory, "postgres"), { recursive: true });
  writeFileSync(join(directory, "postgres", "PG_VERSION"), "16\n");
  await expect(start(directory)).rejects.toThrow(/made by PostgreSQL 16 and this is 18: restore a dump/);
  await expect(start(directory)).rejects.not.toThrow(/in use/);
});

test("a server that cannot start says why in one line", async () => {
  const broken = join(dataDir, "postgres", "postgresql.auto.conf");
  const before = readFileSync(broken);
  writeFileSync(broken, "no_such_setting = 1\n");
  const refused = start();
  await expect(refused).rejects.toThrow(
    /^PostgreSQL does not start in .*contains errors \(see .*postgres\.log\)$/,
  );
  await expect(refused).rejects.toThrow(/^[^\n]+$/);
  writeFileSync(broken, before);
});

test("an ordinary user can run it, and root can take it over and give it back", async () => {
  const unable = whyNotAsNobody();
  if (unable) return console.log(`not tried as another user: ${unable}`);
  const directory = join(scratch, "nobody");
  mkdirSync(directory);
  chownSync(directory, NOBODY.uid, NOBODY.gid);

  const first = await holdOrFail(directory, NOBODY);
  expect(await query(first.url, "create table theirs as select 7 as n")).toEqual([]);
  await kill(first.child);

  const asRoot = await start(directory);
  expect(await query(asRoot.url, "select n from theirs")).toEqual([7]);
  await asRoot.stop();

  const again = await holdOrFail(directory, NOBODY);
  expect(await query(again.url, "select n from theirs")).toEqual([7]);
  again.child.stdin?.end();
  await once(again.child, "exit");
});

test("an ordinary user is told about a directory that is not theirs", async () => {
  const unable = whyNotAsNobody();
  if (unable) return console.log(`not tried as another user: ${unable}`);
  const directory = join(scratch, "roots");
  mkdirSync(directory, { mode: 0o755 });
  const { held } = await holdElsewhere(directory, NOBODY);
  expect(JSON.stringify(held)).toMatch(/cannot be written .*set DATA_DIR/);
});

test("root can keep the data where only root may enter", async () => {
  if (!isRoot) return console.log("not tried: it takes root");
  const directory = join(scratch, "private");
  mkdirSync(directory, { mode: 0o700 });
  const server = await start(join(directory, "data"));
  expect(await query(server.url, "select 1")).toEqual([1]);
});

function whyNotAsNobody(): string | undefined {
  if (!isRoot) return "it takes root to become one, and every other test ran as an ordinary user";
  accessSync(process.execPath);
  const entered = spawnSync(
    process.execPath,
    ["-e", `require("fs").accessSync(${JSON.stringify(import.meta.filename)})`],
    NOBODY,
  );
  return entered.status === 0 ? undefined : "user nobody may not enter this checkout";
}

test("what a release before made as the administrator belongs to a plain owner from the next start on", async () => {
  const directory = join(scratch, "handed-over");
  // Over TCP the owner needs a password too.
  const before = await start(directory, "tcp");
  const made = `alter database countersign owner to postgres;
     create schema countersign;
     create table countersign.orders (id bigserial primary key, text text);
     insert into countersign.orders (text) values ('kept');
     create view countersign.texts as select text from countersign.orders;
     create function countersign.one() returns int language sql as 'select 1'`;
  for (const statement of made.split(";")) await query(before.url, statement);
  await before.stop();

  const { ownerUrl } = await start(directory, "tcp");
  expect(
    await query(ownerUrl, "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"),
  ).toEqual([false]);
  // Only an owner may do these.
  const owned = `alter table countersign.orders add column more text;
     insert into countersign.orders (text) values ('new');
     alter function countersign.one() rename to two;
     drop view countersign.texts;
     create schema dbos;
     alter schema countersign rename to renamed`;
  for (const statement of owned.split(";")) await query(ownerUrl, statement);
  expect(await query(ownerUrl, "select text from renamed.orders order by id")).toEqual(["kept", "new"]);
});

test("what is handed over while others work with it makes nobody fail of a deadlock", async () => {
  const { url } = await start(join(scratch, "handed-over-at-work"));
  await query(url, "create schema countersign");
  for (const name of ["first", "last"]) await query(url, `create table countersign.${name} (id int)`);
  const worker = new pg.Client({ connectionString: url });
  await worker.connect();
  try {
    await worker.query("begin");
    await worker.query("select from countersign.last");
    const handedOver = prepareDatabase(url);
    const waiting = "select count(*)::int from pg_stat_activity where wait_event_type = 'Lock'";
    await expect.poll(() => query(url, waiting)).toEqual([1]);
    await worker.query("select from countersign.first");
    await worker.query("commit");
    await handedOver;
  } finally {
    await worker.end();
  }
  const owners =
    "select pg_get_userbyid(relowner) from pg_class where relnamespace = 'countersign'::regnamespace";
  expect(await query(url, owners)).toEqual(["countersign_owner", "countersign_owner"]);
});
