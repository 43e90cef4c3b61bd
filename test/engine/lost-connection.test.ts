import { afterAll, beforeAll, expect, test } from "vitest";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { LostConnection, retryPassing } from "../../src/engine/lost-connection.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";

let database: TestDatabase;
let pool: Pool;
let cut: (error: Error) => void = () => {};

beforeAll(async () => {
  database = await createDatabase();
  pool = createPool({ url: database.url, max: 1 });
  retryPassing(pool);
  pool.on("acquire", (client) => {
    const { stream } = (client as unknown as { connection: { stream: { destroy(error: Error): void } } })
      .connection;
    cut = (error) => stream.destroy(error);
  });
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

// The engine ends a workflow for good on an error that it does not recognise, and it does not know EPIPE.
test("a statement whose connection breaks under it fails in words that the engine tries again after", async () => {
  const broken = pool.query("select pg_sleep(10)").catch((error: unknown) => error);
  await expect.poll(() => pool.idleCount === 0 && pool.totalCount === 1).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 100));
  cut(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  const error = await broken;
  expect(error).toBeInstanceOf(LostConnection);
  expect(error).toMatchObject({ message: "Connection terminated unexpectedly: write EPIPE" });
  expect((await pool.query<{ one: number }>("select 1 as one")).rows).toEqual([{ one: 1 }]);
});

test("an error of the statement itself stays what it is", async () => {
  await expect(pool.query("select nothing_of_that_name")).rejects.toMatchObject({ code: "42703" });
});
