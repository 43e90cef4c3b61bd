import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Pool, createPool, inTransaction, isConnectionError, isPassing } from "../../src/db/pool.ts";
import { serversOf } from "../../src/db/servers.ts";
import { type TestDatabase, createEmptyDatabase } from "../helpers/database.ts";

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createEmptyDatabase();
  pool = createPool({ url: database.url, max: 2, applicationName: "pool-test" });
  await pool.query("create table numbers (n bigint)");
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test("bigints are numbers while a number can hold them, and text beyond", async () => {
  const { rows } = await pool.query(
    "select 9007199254740991::bigint as safe, 9007199254740993::bigint as big, count(*) as n",
  );
  expect(rows).toEqual([{ safe: 9007199254740991, big: "9007199254740993", n: 1 }]);
});

test("a transaction that throws leaves nothing behind", async () => {
  const boom = new Error("boom");
  const failed = inTransaction(pool, async (tx) => {
    await tx.query("insert into numbers values (1)");
    throw boom;
  });
  expect(await failure(failed)).toBe(boom);
  expect(await inTransaction(pool, (tx) => tx.query("select n from numbers"))).toMatchObject({ rows: [] });
});

test("a transaction that resolves is committed", async () => {
  const answer = await inTransaction(pool, async (tx) => {
    await tx.query("insert into numbers values (2)");
    return "done";
  });
  expect(answer).toBe("done");
  expect((await pool.query("select n from numbers")).rows).toEqual([{ n: 2 }]);
});

test("sessions ended by the server are connection errors, idle or busy, and the pool goes on", async () => {
  const other = createPool({ url: database.url, applicationName: "ender" });
  const endThem = () =>
    other.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pool-test'",
    );

  await pool.query("select 1");
  await endThem();
  const busy = failure(
    inTransaction(pool, async (tx) => {
      await tx.query("select 1");
      await endThem();
      await sleep(50);
      await tx.query("select 1");
    }),
  );
  expect(isConnectionError(await busy)).toBe(true);
  expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await other.end();
});

test("a server that is not there is a connection error, over TCP and over a socket", async () => {
  for (const url of [
    "postgresql://postgres@127.0.0.1:1/none",
    "postgresql://postgres@localhost:1/none",
    "postgresql://postgres@localhost/none?host=%2Fnowhere",
  ]) {
    const gone = createPool({ url });
    expect(isConnectionError(await failure(gone.query("select 1"))), url).toBe(true);
    await gone.end();
  }
});

test("a server that accepts and hangs up is a connection error", async () => {
  const rude = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => rude.listen(0, "127.0.0.1", resolve));
  const address = rude.address();
  const gone = createPool({
    url: `postgresql://postgres@127.0.0.1:${typeof address === "object" ? address?.port : 0}/none`,
  });
  expect(isConnectionError(await failure(gone.query("select 1")))).toBe(true);
  await gone.end();
  rude.close();
});

test("mistakes of ours are no connection errors", async () => {
  for (const sql of ["selec 1", "select 1 / 0", "select * from nothing"]) {
    expect(isConnectionError(await failure(pool.query(sql))), sql).toBe(false);
  }
  expect(isConnectionError(new Error("anything"))).toBe(false);
  expect(isConnectionError("text")).toBe(false);
  expect(
    isConnectionError(new Error("wrapped", { cause: Object.assign(new Error("x"), { code: "57P01" }) })),
  ).toBe(true);
});

test("a session that takes no writes any more is given up, and the next statement finds one that does", async () => {
  const only = createPool({ url: database.url, max: 1 });
  await only.query("set default_transaction_read_only = on");
  const refused = await failure(only.query("insert into numbers values (3)"));
  expect(isPassing(refused)).toBe(true);
  await only.query("insert into numbers values (3)");

  // Also when whoever had it released it without a word.
  await only.query("set default_transaction_read_only = on");
  const client = await only.connect();
  await failure(client.query("insert into numbers values (4)"));
  client.release();
  await only.query("insert into numbers values (4)");
  await only.end();
});

test("of several servers the one that can be reached and takes writes is found, whichever comes first", async () => {
  const { searchParams, pathname } = new URL(database.url);
  const socket = searchParams.get("host") ?? "";
  // The tests' server listens on a socket alone, so a second name of the same directory stands for a second server.
  const listed = new URL(`postgresql://postgres@localhost:1${pathname}?host=${encodeURIComponent(socket)}`)
    .href;
  const both = listed.replace("localhost:1", "localhost:1,localhost:5432");
  const several = createPool({ url: `${both}&target_session_attrs=read-write`, max: 2 });
  for (let i = 0; i < 3; i++) expect((await several.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  await several.end();

  const none = createPool({ url: listed.replace("localhost:1", "localhost:1,localhost:2") });
  expect(isConnectionError(await failure(none.query("select 1")))).toBe(true);
  await none.end();
});

test("a list of servers that cannot be meant is refused with the remedy", () => {
  expect(serversOf("postgresql://u:p@a,b:5433/db?sslmode=require&target_session_attrs=primary")).toEqual([
    "postgresql://u:p@a/db?sslmode=require",
    "postgresql://u:p@b:5433/db?sslmode=require",
  ]);
  expect(() => serversOf("postgresql://a,b/db?target_session_attrs=standby")).toThrow(/write read-write/);
  for (const wrong of ["mysql://a/b", "postgresql://a:x,b/db", "nonsense"])
    expect(() => serversOf(wrong), wrong).toThrow(/DATABASE_URL: write/);
});
