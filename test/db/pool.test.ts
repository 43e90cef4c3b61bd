import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Pool, createPool, inTransaction, isConnectionError } from "../../src/db/pool.ts";
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
