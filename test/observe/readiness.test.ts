import { afterAll, beforeAll, expect, test } from "vitest";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { readiness } from "../../src/http/readiness.ts";
import { createHealth } from "../../src/observe/health.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createDatabase();
  pool = createPool({ url: database.url, max: 1 });
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

const WELL = {
  accepting: () => true,
  holdsLease: () => true,
  health: { provider: createHealth(), mail: createHealth() },
};
const OK = { ok: true };

test("a process that has all it needs is ready", async () => {
  expect(await readiness({ ...WELL, pool })).toEqual({
    status: "ready",
    checks: { database: OK, migrations: OK, accepting: OK, lease: OK, provider: OK, mail: OK },
  });
});

test("a provider, a mail server or a lease that is away is told, and takes nobody out of rotation", async () => {
  const health = { provider: createHealth(), mail: createHealth() };
  health.provider.failed("api_connection_error");
  health.mail.failed("deferred");
  const { status, checks } = await readiness({ ...WELL, pool, health, holdsLease: () => false });
  expect(status).toBe("ready");
  expect(checks).toMatchObject({
    provider: { ok: false, reason: expect.stringMatching(/since .* \(api_connection_error\)$/) as string },
    mail: { ok: false, reason: expect.stringMatching(/\(deferred\)$/) as string },
    lease: { ok: false },
  });
  health.provider.worked();
  expect((await readiness({ ...WELL, pool, health })).checks["provider"]).toEqual(OK);
});

test("who was asked to stop, and whose database lacks a migration, is not ready and says why", async () => {
  const leaving = await readiness({ ...WELL, pool, accepting: () => false });
  expect(leaving).toMatchObject({ status: "not_ready", checks: { accepting: { ok: false }, database: OK } });
  await pool.query("delete from countersign.migrations where name like '0012%'");
  const behind = await readiness({ ...WELL, pool });
  expect(behind).toMatchObject({
    status: "not_ready",
    checks: { migrations: { ok: false, reason: expect.stringContaining("0012_") as string } },
  });
});

test("a database that is away is told by its kind of trouble alone", async () => {
  const away = createPool({ url: "postgresql://ada:p4ssw0rd@127.0.0.1:9/nowhere" });
  const answer = await readiness({ ...WELL, pool: away });
  expect(answer).toMatchObject({
    status: "not_ready",
    checks: { database: { ok: false, reason: expect.stringContaining("(ECONNREFUSED)") as string } },
  });
  expect(JSON.stringify(answer)).not.toMatch(/p4ssw0rd|ada|127\.0\.0\.1|nowhere/);
  await away.end();
});

test("who was not heard of for a while is asked, and nobody waits for it", async () => {
  let answer: (code: string | null) => void = () => {};
  const health = createHealth(() => new Promise((resolve) => (answer = resolve)));
  expect(health.state()).toEqual(OK);
  answer("unreachable");
  await Promise.resolve();
  await Promise.resolve();
  expect(health.state()).toMatchObject({ ok: false });
});
