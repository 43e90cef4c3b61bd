import { cp, mkdtemp, readdir, rm, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listApprovalsWaitingFor, openApprovalsNaming } from "../../src/db/approvals.ts";
import { migrate } from "../../src/db/migrate.ts";
import type { Queryable } from "../../src/db/pool.ts";
import type { ApprovalState } from "../../src/domain/approval.ts";
import type { ApprovalPlan } from "../../src/domain/policy.ts";
import { peopleAskedNow } from "../../src/domain/approval-seats.ts";
import { Asked, twoGates } from "../domain/asked.ts";
import { HOUR } from "../domain/world.ts";
import { createDatabase, createEmptyDatabase, type TestDatabase } from "../helpers/database.ts";

const SHIPPED = join(import.meta.dirname, "../../src/db/migrations");
const [finance, controller, cfo] = ["finance@example.com", "controller@example.com", "cfo@example.com"];
const ops = { type: "operator", id: "ops@example.com" } as const;

let directory: string;
let database: TestDatabase;
let db: pg.Client;

async function begin(created: Promise<TestDatabase>): Promise<void> {
  database = await created;
  db = new pg.Client(database.url);
  await db.connect();
}
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-waiting-"));
});
afterEach(async () => {
  await db.end();
  await database.drop();
  await rm(directory, { recursive: true });
});

/** Approvals in all the ways in which people change. */
function states(): ApprovalState[] {
  const reassign = (asked: Asked, from: string, to: string) =>
    asked.send({ type: "reassign", from, to, actor: ops });
  const moves: ((asked: Asked) => void)[] = [
    () => {},
    (asked) => asked.vote(finance),
    (asked) => asked.vote(finance, "reject"),
    (asked) => asked.wait(49 * HOUR),
    (asked) => asked.send({ type: "revoke", approver: finance, actor: ops }),
    (asked) => reassign(asked, finance, "Deputy+1@Example.com"),
    (asked) => {
      reassign(asked, finance, "a@example.com");
      reassign(asked, "A@example.com", "b@example.com");
    },
    (asked) => {
      reassign(asked, finance, "a@example.com");
      reassign(asked, "a@example.com", finance);
    },
    (asked) => {
      asked.vote(finance);
      asked.vote("CFO+phone@example.com");
    },
    (asked) => {
      asked.vote(finance);
      asked.amend(900);
    },
  ];
  return moves.map((move, i) => {
    const asked = new Asked();
    move(asked);
    return { ...asked.state, id: `apr_${i}`, order_id: null };
  });
}

test("whom approvals wait for is known of those too that were open before an upgrade", async () => {
  await begin(createEmptyDatabase());
  await cp(SHIPPED, directory, { recursive: true });
  for (const name of await readdir(directory)) if (name >= "0012") await unlink(join(directory, name));
  await migrate(database.url, directory);
  const stored = states();
  for (const state of stored)
    await db.query(
      `insert into countersign.approvals (id, tenant, status, state, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $5)`,
      [state.id, state.tenant, state.status, JSON.stringify(state), state.created_at],
    );
  await migrate(database.url);
  const { rows } = await db.query<{ id: string; waiting_for: string[] }>(
    "select id, waiting_for from countersign.approvals order by id",
  );
  expect(rows.map((row) => row.waiting_for.toSorted())).toEqual(
    stored.map((state) => peopleAskedNow(state, new Date(state.created_at)).sort()),
  );
  expect(rows[1]?.waiting_for).toContain(cfo);
});

test("a person's open approvals are found by an index, however many wait for others", async () => {
  await begin(createDatabase());
  const { state } = new Asked(twoGates);
  await db.query(
    `insert into countersign.approvals (id, tenant, status, state, created_at, updated_at, waiting_for)
     select 'apr_' || lpad(n::text, 6, '0'), 'dev', 'pending', $1, now(), now(),
            array['person.' || n % 500 || '@example.com', $2]
       from generate_series(1, 5000) as n`,
    [JSON.stringify({ ...state, order_id: null }), controller],
  );
  await db.query("analyze countersign.approvals");
  const one = "person.7@example.com";
  const found = await listApprovalsWaitingFor(db, "dev", one, { limit: 4 });
  expect(found.map(({ id }) => id)).toEqual(["apr_004507", "apr_004007", "apr_003507", "apr_003007"]);
  const further = await listApprovalsWaitingFor(db, "dev", one, { limit: 20, before: "apr_001007" });
  expect(further.map(({ id }) => id)).toEqual(["apr_000507", "apr_000007"]);
  expect(await listApprovalsWaitingFor(db, "other", one, { limit: 4 })).toEqual([]);

  const lines: string[] = [];
  const explained = {
    async query(text: string, values: unknown[]) {
      const { rows } = await db.query<{ "QUERY PLAN": string }>(`explain ${text}`, values);
      lines.push(...rows.map((row) => row["QUERY PLAN"]));
      return { rows: [] };
    },
  } as unknown as Queryable;
  await listApprovalsWaitingFor(explained, "dev", one, { limit: 4 });
  expect(lines.join("\n")).toContain("approval_waiting_newest");
});

test("the open approvals that name somebody are found in batches, by whichever way they do", async () => {
  await begin(createDatabase());
  const plan = (approver: string, contact = "nobody@example.com"): ApprovalPlan => ({
    ...twoGates,
    gates: [
      { name: "first", need: 1, approvers: ["first@example.com"] },
      { name: "second", need: 1, approvers: [approver] },
    ],
    escalate_to: [contact],
  });
  const reassigned = new Asked(plan("x@example.com"));
  reassigned.send({ type: "reassign", from: "first@example.com", to: "Away+1@Example.com", actor: ops });
  const ended = new Asked(plan("away@example.com"));
  ended.vote("first@example.com", "reject");
  const changing = new Asked(plan("away@example.com"));
  changing.vote("first@example.com", "request_changes");
  const all = [
    new Asked(plan("away@example.com")),
    new Asked(plan("AWAY+tag@example.com")),
    new Asked(plan("x@example.com", "away@example.com")),
    reassigned,
    changing,
    new Asked(plan("far.away@example.com")),
    ended,
  ];
  for (const [i, { state }] of all.entries())
    await db.query(
      `insert into countersign.approvals (id, tenant, status, state, created_at, updated_at)
       values ($1, 'dev', $2, $3, now(), now())`,
      [`apr_${i}`, state.status, JSON.stringify({ ...state, order_id: null })],
    );
  const naming = (after: string) => openApprovalsNaming(db, "dev", "away@example.com", { after, limit: 2 });
  expect(await naming("")).toEqual(["apr_0", "apr_1"]);
  expect(await naming("apr_1")).toEqual(["apr_2", "apr_3"]);
  expect(await naming("apr_3")).toEqual(["apr_4"]);
  expect(await openApprovalsNaming(db, "other", "away@example.com", { after: "", limit: 2 })).toEqual([]);
});
