import { cp, mkdtemp, readdir, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { takeDue } from "../../src/db/inbound-webhooks.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createEmptyDatabase, type TestDatabase } from "../helpers/database.ts";

const SHIPPED = join(import.meta.dirname, "../../src/db/migrations");

let directory: string;
let database: TestDatabase;
let db: pg.Client;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-inbox-upgrade-"));
  await cp(SHIPPED, directory, { recursive: true });
  for (const name of await readdir(directory)) if (name > "0007") await unlink(join(directory, name));
  database = await createEmptyDatabase();
  await migrate(database.url, directory);
  db = new pg.Client(database.url);
  await db.connect();
});
afterAll(async () => {
  await db?.end();
  await database?.drop();
  await rm(directory, { recursive: true, force: true });
});

test("webhooks that were parked before an upgrade are delivered after it", async () => {
  const states = ["routed", "parked", "ignored", "quarantined", "failed"];
  for (const [n, state] of states.entries())
    await db.query(
      `insert into countersign.inbound_webhooks
              (id, provider, event_id, type, state, correlation, headers, body, received_at)
       values ($1, 'stripe', $2, 'refund.created', $2, '{pi_known}', '{}', '{}', now() - interval '1 year')`,
      [`whi_0000000000000000000000000${n}`, state],
    );
  await db.query(
    `insert into countersign.orders (id, tenant, reference, status, amount, currency, payment_id, state, created_at, updated_at)
     values ('ord_1', 'dev', 'PO-1', 'completed', 1, 'usd', 'pi_known', '{}', now(), now())`,
  );
  await migrate(database.url);
  expect(await takeDue(db, 100)).toEqual([
    "whi_00000000000000000000000001",
    "whi_00000000000000000000000004",
  ]);
  expect(await takeDue(db, 100)).toEqual([]);
});
