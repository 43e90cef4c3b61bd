import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { createPool } from "../../src/db/pool.ts";
import { createRecollection } from "../../src/engine/left-behind.ts";
import { publishAs } from "../../src/engine/publishing.ts";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

// What is under way by its row and runs nowhere: the answer to a commit never came back, or nobody knows who had it.

let database: TestDatabase;
let wire: Wire;
let service: TestService;
let sql: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  wire = await openWire(database.url);
  service = await startTestService({ DATABASE_URL: wire.url });
  sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
});
afterAll(async () => {
  await sql?.end();
  await service?.end();
  await wire?.close();
  await database?.drop();
});

interface Wire {
  url: string;
  /** Cuts the connection that has sent this text once what it belongs to is committed, before its client hears of that. */
  loseCommitAfter(text: string): void;
  close(): Promise<void>;
}

/** The server is in no transaction any more: https://www.postgresql.org/docs/18/protocol-message-formats.html, ReadyForQuery. */
const COMMITTED = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

async function openWire(databaseUrl: string): Promise<Wire> {
  const target = new URL(databaseUrl);
  const socketFolder = target.searchParams.get("host");
  const port = Number(target.searchParams.get("port") ?? (target.port || 5432));
  let lose: Buffer | null = null;
  const server = createServer((client) => {
    const postgres =
      socketFolder === null ? connect(port, target.hostname) : connect(`${socketFolder}/.s.PGSQL.${port}`);
    let chosen = false;
    client.on("data", (data) => {
      if (lose && data.includes(lose)) [chosen, lose] = [true, null];
      postgres.write(data);
    });
    postgres.on("data", (data) => {
      if (chosen && data.subarray(-COMMITTED.length).equals(COMMITTED)) client.destroy();
      else client.write(data);
    });
    client.on("close", () => postgres.destroy()).on("error", () => {});
    postgres.on("close", () => client.destroy()).on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(target);
  url.search = "";
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    loseCommitAfter: (text) => void (lose = Buffer.from(text)),
    async close() {
      server.close();
      await once(server, "close");
    },
  };
}

const order = (reference: string, headers: Record<string, string>) =>
  service.call<OrderView>(
    "POST",
    "/v1/orders",
    {
      reference,
      amount: 1250,
      currency: "usd",
      payment: { mode: "confirm", payment_method: "pm_card_visa" },
    },
    headers,
  );

/** An order whose commit came through, of which this process heard nothing. */
async function halfHeard(reference: string): Promise<string> {
  wire.loseCommitAfter(reference);
  const answer = await order(reference, { "idempotency-key": reference });
  expect(answer.status).toBe(503);
  const { rows } = await sql.query<{ id: string; status: string }>(
    `select o.id, w.status from countersign.orders o join dbos.workflow_status w on w.workflow_uuid = o.id
      where o.reference = $1`,
    [reference],
  );
  expect(rows).toMatchObject([{ status: "PENDING" }]);
  return rows[0]?.id ?? "";
}

test("an order whose commit was not answered is begun nevertheless, and exists once", async () => {
  const id = await halfHeard("PO-unheard");
  // Half a minute later.
  await sql.query(
    "update dbos.workflow_status set updated_at = updated_at - 60000 where workflow_uuid = $1",
    [id],
  );
  await service.until(
    () => service.order(id),
    ({ status }) => status === "completed",
    15_000,
  );
  const again = await order("PO-unheard", { "idempotency-key": "PO-unheard" });
  expect(again).toMatchObject({ status: 201, body: { id } });
  const paid = await service.ledger((await service.order(id)).payment.id);
  expect(paid).toMatchObject({ captured: 1250, captures: 1 });
  publishAs("direct");
});

test("what belongs to an executor of which there is no lease is taken over", async () => {
  const id = await halfHeard("PO-nobody");
  await sql.query("update dbos.workflow_status set executor_id = 'exe_nobody' where workflow_uuid = $1", [
    id,
  ]);
  await service.until(
    () => service.order(id),
    ({ status }) => status === "completed",
    15_000,
  );
});

test("a run that is not the one that the row names gives way, and the one that is named is begun", async () => {
  const { id } = await service.create({ reference: "PO-stale" });
  const ready = await service.until(
    () => service.order(id),
    ({ payment }) => payment.session_id !== null,
  );
  // As after a takeover whose own commit was not answered: somebody of this process has it, and nobody began.
  await sql.query("update dbos.workflow_status set owner_xid = 'nobody' where workflow_uuid = $1", [id]);
  await service.pay(ready);
  await service.until(
    () => service.order(id),
    ({ status }) => status === "completed",
    20_000,
  );
});

test("a workflow whose end was not written is begun again and ended, however long ago it began", async () => {
  // A release that left the end to the engine, which writes it in a transaction of its own.
  publishAs("plain");
  const { id } = await service.create({ reference: "PO-unended" });
  const ready = await service.until(
    () => service.order(id),
    ({ payment }) => payment.session_id !== null,
  );
  const workflow = async () =>
    (
      await sql.query<{ status: string; executor_id: string }>(
        "select status, executor_id from dbos.workflow_status where workflow_uuid = $1",
        [id],
      )
    ).rows[0];
  const self = (await workflow())?.executor_id ?? "";
  const pool = createPool({ url: database.url, max: 1 });
  const lookInASecond = createRecollection(pool);
  await lookInASecond(self);
  // Begun hours ago, and the statement that says how it ended finds no row.
  await sql.query(
    "update dbos.workflow_status set updated_at = updated_at - 9000000 where workflow_uuid = $1",
    [id],
  );
  await sql.query(`
    create function dbos.unended() returns trigger language plpgsql as $$ begin return null; end $$;
    create trigger unended before update on dbos.workflow_status for each row
      when (new.status = 'SUCCESS' and new.workflow_uuid = '${id}') execute function dbos.unended();`);
  await service.pay(ready);
  await service.reached(id, "completed");
  await service.until(
    async () =>
      (await sql.query("select from countersign.orders where id = $1 and segment_open", [id])).rowCount,
    (open) => open === 0,
  );
  await sql.query("drop function dbos.unended cascade");
  expect(await workflow()).toMatchObject({ status: "PENDING", executor_id: self });

  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31_000 });
  const begunAgain = await lookInASecond(self).finally(() => vi.useRealTimers());
  await pool.end();
  expect(begunAgain).toContain(id);
  await service.until(workflow, (row) => row?.status === "SUCCESS");
  const paid = await service.ledger((await service.order(id)).payment.id);
  expect(paid).toMatchObject({ captured: 1250, captures: 1 });
  publishAs("direct");
});
