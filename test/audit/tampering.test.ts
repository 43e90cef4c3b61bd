import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyStored } from "../../src/audit/verify-stored.ts";
import { entryHash } from "../../src/domain/audit-chain.ts";
import type { AuditEntry } from "../../src/domain/audit-entry.ts";
import { draft, drafts, openTrails, type Trails } from "./trails.ts";

let trails: Trails;
beforeAll(async () => {
  trails = await openTrails();
});
afterAll(() => trails.end());

/** Ten entries in three segments: 0..3, 4..6, 7..9. */
async function trail(): Promise<string> {
  const id = await trails.newOrder();
  await trails.append(id, drafts(4), { close: true });
  await trails.append(id, drafts(2, 4));
  await trails.append(id, drafts(1, 6), { close: true });
  await trails.append(id, drafts(3, 7));
  return id;
}

const verdict = (id: string) => verifyStored(trails.pool, "dev", id);
const sql = (text: string, values: unknown[]) => trails.pool.query(text, values);
const entry = async (id: string, seq: number): Promise<AuditEntry> => {
  const { rows } = await trails.pool.query<{ value: string }>(
    `select value from dbos.streams s join countersign.audit_index a
         on a.workflow_id = s.workflow_uuid and a.stream_offset = s."offset" and s.key = 'audit'
      where a.order_id = $1 and a.seq = $2`,
    [id, seq],
  );
  return JSON.parse(rows[0]!.value) as AuditEntry;
};
const STREAM_OF = `from countersign.audit_index a where a.order_id = $1 and a.seq = $2
                    and s.workflow_uuid = a.workflow_id and s."offset" = a.stream_offset and s.key = 'audit'`;
const rewrite = (id: string, seq: number, value: unknown) =>
  sql(`update dbos.streams s set value = $3 ${STREAM_OF}`, [id, seq, JSON.stringify(value)]);
const rehashed = (e: AuditEntry): AuditEntry => ({ ...e, hash: entryHash(e) });

test("an untouched trail of several segments is valid, also while it grows", async () => {
  const id = await trail();
  const growing = Array.from({ length: 20 }, (_, i) =>
    trails.append(id, [draft(10 + i)]).then(() => verdict(id)),
  );
  for (const found of await Promise.all(growing)) expect(found).toMatchObject({ valid: true });
  const { head_hash } = await entry(id, 29).then(({ hash }) => ({ head_hash: hash }));
  expect(await verdict(id)).toEqual({ valid: true, entries: 30, head_hash });
});

test("an order without entries is valid; one that is another tenant's, or none, has no verdict", async () => {
  const id = await trails.newOrder();
  expect(await verdict(id)).toEqual({ valid: true, entries: 0, head_hash: "0".repeat(64) });
  expect(await verifyStored(trails.pool, "other", id)).toBeNull();
  expect(await verdict("ord_none")).toBeNull();
});

const CASES: [what: string, tamper: (id: string) => Promise<unknown>, fault: string, seq: number][] = [
  [
    "an altered entry",
    async (id) => rewrite(id, 5, { ...(await entry(id, 5)), type: "order.completed" }),
    "edited",
    5,
  ],
  [
    "an entry altered and hashed again",
    async (id) => rewrite(id, 5, rehashed({ ...(await entry(id, 5)), type: "order.completed" })),
    "edited",
    5,
  ],
  [
    "the whole end altered and hashed again, without the order's row",
    async (id) => {
      const last = await entry(id, 9);
      await rewrite(id, 9, rehashed({ ...last, data: { text: "nothing happened" } }));
    },
    "edited",
    9,
  ],
  [
    "an altered row of the index",
    (id) =>
      sql("update countersign.audit_index set actor_id = 'x' where order_id = $1 and seq = $2", [id, 2]),
    "edited",
    2,
  ],
  [
    "an entry deleted from the stream",
    (id) =>
      sql(
        `delete from dbos.streams s using countersign.audit_index a
      where a.order_id = $1 and a.seq = $2 and s.workflow_uuid = a.workflow_id and s."offset" = a.stream_offset
        and s.key = 'audit'`,
        [id, 4],
      ),
    "missing",
    4,
  ],
  [
    "an entry deleted from the index",
    (id) => sql("delete from countersign.audit_index where order_id = $1 and seq = $2", [id, 8]),
    "missing",
    8,
  ],
  [
    "the first entry deleted",
    (id) => sql("delete from countersign.audit_index where order_id = $1 and seq = $2", [id, 0]),
    "missing",
    0,
  ],
  [
    "a cut end",
    (id) => sql("delete from countersign.audit_index where order_id = $1 and seq >= $2", [id, 7]),
    "truncated",
    7,
  ],
  [
    "an entry added after the end",
    async (id) => {
      const last = await entry(id, 9);
      const added = rehashed({ ...last, seq: 10, id: "aud_added", prev_hash: last.hash });
      await insertEntry(id, added, 3);
    },
    "inserted",
    10,
  ],
  [
    "an entry slipped in between",
    async (id) => {
      const before = await entry(id, 7);
      await sql("update countersign.audit_index set seq = seq + 1000 where order_id = $1 and seq >= 8", [id]);
      await sql("update countersign.audit_index set seq = seq - 999 where order_id = $1 and seq >= 1000", [
        id,
      ]);
      await insertEntry(id, { ...before, seq: 8, id: "aud_slipped" }, 50);
    },
    "inserted",
    8,
  ],
  [
    "a second entry that continues the same one",
    async (id) => {
      const true8 = await entry(id, 8);
      await sql("update countersign.audit_index set seq = seq + 1000 where order_id = $1 and seq >= 8", [id]);
      await sql("update countersign.audit_index set seq = seq - 999 where order_id = $1 and seq >= 1000", [
        id,
      ]);
      await insertEntry(id, rehashed({ ...true8, id: "aud_forged", data: { text: "instead" } }), 50);
    },
    "forked",
    8,
  ],
  [
    "an entry in the stream alone",
    async (id) => {
      const value = JSON.stringify({ ...(await entry(id, 6)), id: "aud_stray" });
      await sql(
        `insert into dbos.streams (workflow_uuid, key, value, "offset", function_id) values ($1, 'audit', $2, 77, 1)`,
        [id, value],
      );
    },
    "inserted",
    6,
  ],
  [
    "two swapped entries",
    async (id) => {
      const [three, five] = [await entry(id, 3), await entry(id, 5)];
      await rewrite(id, 3, five);
      await rewrite(id, 5, three);
    },
    "reordered",
    3,
  ],
  ["garbage", (id) => rewrite(id, 1, "garbage"), "malformed", 1],
  [
    "an altered head",
    (id) => sql("update countersign.orders set head_hash = repeat('a', 64) where id = $1", [id]),
    "edited",
    9,
  ],
];

async function insertEntry(id: string, added: AuditEntry, offset: number) {
  const workflow = `${id}:2`;
  await sql(
    `insert into dbos.streams (workflow_uuid, key, value, "offset", function_id) values ($1, 'audit', $2, $3, 1)`,
    [workflow, JSON.stringify(added), offset],
  );
  await sql(
    `insert into countersign.audit_index
            (order_id, seq, id, tenant, at, type, actor_type, actor_id, workflow_id, stream_offset)
     values ($1, $2, $3, 'dev', $4, $5, $6, $7, $8, $9)`,
    [id, added.seq, added.id, added.at, added.type, added.actor.type, added.actor.id, workflow, offset],
  );
}

test.each(CASES)("%s is found, named and located", async (_, tamper, fault, seq) => {
  const id = await trail();
  await tamper(id);
  expect(await verdict(id)).toMatchObject({ valid: false, fault, first_bad_seq: seq });
});
