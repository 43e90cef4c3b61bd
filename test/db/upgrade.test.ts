import { cp, mkdtemp, readFile, readdir, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { migrate } from "../../src/db/migrate.ts";
import { newApproval, type ApprovalState, type ApprovalView } from "../../src/domain/approval.ts";
import { decideApproval } from "../../src/domain/approval-decide.ts";
import { approvalView, mayDecide } from "../../src/domain/approval-seats.ts";
import { ledgerOf } from "../../src/domain/ledger.ts";
import { decideOrder, newOrder } from "../../src/domain/order-decide.ts";
import type { OrderState } from "../../src/domain/order.ts";
import { createEmptyDatabase, type TestDatabase } from "../helpers/database.ts";

const SHIPPED = join(import.meta.dirname, "../../src/db/migrations");
/** Rows as the release wrote them whose last migration was this one. */
const STORED = join(import.meta.dirname, "../../fixtures/states/0004.json");

interface Row<State> {
  id: string;
  state: State;
}

let directory: string;
let database: TestDatabase;
let db: pg.Client;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-upgrade-"));
  await cp(SHIPPED, directory, { recursive: true });
  database = await createEmptyDatabase();
  db = new pg.Client(database.url);
  await db.connect();
  for (const name of await readdir(directory)) if (name > "0005") await unlink(join(directory, name));
  await migrate(database.url, directory);
  const stored = JSON.parse(await readFile(STORED, "utf8")) as Record<"orders" | "approvals", Row<unknown>[]>;
  for (const table of ["orders", "approvals"] as const)
    await db.query(
      `insert into countersign.${table} select * from jsonb_populate_recordset(null::countersign.${table}, $1)`,
      [JSON.stringify(stored[table])],
    );
});
afterEach(async () => {
  await db.end();
  await database.drop();
  await rm(directory, { recursive: true });
});

const now = new Date("2026-11-23T03:00:00.000Z");
const states = async <State>(table: string): Promise<State[]> =>
  (await db.query<Row<State>>(`select id, state from countersign.${table} order by id`)).rows.map(
    (row) => row.state,
  );
const fields = (state: object) => Object.keys(state).sort();

test("orders that were under way before an upgrade go on after it", async () => {
  await migrate(database.url);
  const [waiting, disputed] = await states<OrderState>("orders");
  if (!waiting || !disputed) throw new Error("two orders are stored");
  const fresh = newOrder(waiting.facts, null);
  for (const state of [waiting, disputed]) {
    expect(fields(state)).toEqual(fields(fresh));
    expect(fields(state.payment)).toEqual(fields(fresh.payment));
    expect(state.facts.capture).toBe("automatic");
    expect(decideOrder(state, { type: "clock" }, now)).toEqual({ state, entries: [] });
    expect(Object.values(ledgerOf(state).accounts).reduce((sum, amount) => sum + amount, 0)).toBe(0);
  }
  expect(disputed).toMatchObject({ status: "disputed", disputes: [{ amount: 1250, withdrawn: 0 }] });
  const [approval] = waiting.approvals;
  if (!approval) throw new Error("the order waits for an approval");
  const approved: ApprovalView = { ...approval, status: "approved", version: approval.version + 1 };
  const { state } = decideOrder(waiting, { type: "approval.reported", approval: approved, entries: [] }, now);
  expect(state.todo).toMatchObject([{ effect: { kind: "capture", amount: 125_000 } }]);
});

test("approvals that were open before an upgrade are decided after it, and nobody is asked twice", async () => {
  await migrate(database.url);
  const [open] = await states<ApprovalState>("approvals");
  if (!open) throw new Error("an approval is stored");
  const { id, tenant, order_id, subject, plan } = open;
  const fresh = newApproval(
    {
      id,
      tenant,
      order_id,
      refund_id: null,
      callback: null,
      subject,
      plan,
      delegations: [],
      capture_before: null,
    },
    now,
  );
  expect(fields(open)).toEqual(fields(fresh));
  expect(decideApproval(open, { type: "clock" }, now)).toEqual(open);
  expect(mayDecide(open, now)).toEqual(["finance@example.com", "controller@example.com"]);
  const decided = decideApproval(
    open,
    {
      type: "vote",
      approver: "finance@example.com",
      decision: "approve",
      comment: null,
      content_hash: open.content_hash,
      via: "link",
      actor: { type: "approver", id: "finance@example.com" },
    },
    now,
  );
  expect(approvalView(decided, now)).toMatchObject({ status: "approved", decided_by: "finance@example.com" });
});
