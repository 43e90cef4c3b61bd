import { forgetPayloadKeys, ownerOfMessage, resealed } from "../db/payloads.ts";
import type { Pool } from "../db/pool.ts";
import { CHECKPOINT, isBare, SEALED } from "./serializer.ts";

interface Place {
  table: string;
  column: string;
  /** A row's column that says what its payload is bound to. */
  key: string;
  ownerOf: (key: string) => string;
  /** Stays as it is. */
  isPlain?: (text: string) => boolean;
  /** What else is written with a payload. */
  with?: string;
}

/** Events are bound to their order, since the next segment begins with a copy of them. */
const orderOf = (workflow: string): string => workflow.split(":", 1)[0] ?? workflow;

const PLACES: Place[] = [
  { table: "notifications", column: "message", key: "message_uuid", ownerOf: ownerOfMessage },
  {
    ...{ table: "operation_outputs", column: "output", key: "workflow_uuid", ownerOf: () => CHECKPOINT },
    isPlain: (text) => text.startsWith('{"json":') && isBare((JSON.parse(text) as { json: unknown }).json),
    with: ", serialization = null",
  },
  { table: "workflow_events", column: "value", key: "workflow_uuid", ownerOf: orderOf },
  { table: "workflow_events_history", column: "value", key: "workflow_uuid", ownerOf: orderOf },
];

const AT_ONCE = 500;

/**
 * Writes every payload of the engine's as it would be written now: with the first key, or with none. Other processes may go on
 * meanwhile.
 * @param current the version that closes; null: none does
 * @returns how many rows were written, by table
 */
export async function reseal(pool: Pool, current: string | null): Promise<Record<string, number>> {
  const written: Record<string, number> = {};
  for (const place of PLACES) {
    written[place.table] = 0;
    // A row that another process writes meanwhile may move to where this has been.
    for (let again = 1; again > 0; written[place.table] = (written[place.table] ?? 0) + again)
      again = await resealTable(pool, place);
  }
  await pool.query("update dbos.operation_outputs set serialization = null where serialization = $1", [
    SEALED,
  ]);
  await forgetPayloadKeys(pool, current);
  return written;
}

async function resealTable(
  pool: Pool,
  { table, column, key, ownerOf, isPlain, with: also = "" }: Place,
): Promise<number> {
  let written = 0;
  for (let after = "(0,0)"; ;) {
    const { rows } = await pool.query<{ at: string; key: string; payload: string | null }>(
      `select ctid::text as at, ${key} as key, ${column} as payload from dbos.${table}
        where ctid > $1::tid order by ctid limit ${AT_ONCE}`,
      [after],
    );
    const changed = rows.flatMap(({ at, key, payload }) => {
      const text = payload === null || isPlain?.(payload) ? null : resealed(payload, ownerOf(key));
      return text === null ? [] : [{ at, payload, text }];
    });
    if (changed.length > 0) {
      const { rowCount } = await pool.query(
        `update dbos.${table} t set ${column} = c.text${also}
           from json_to_recordset($1) as c(at text, payload text, text text)
          where t.ctid = c.at::tid and t.${column} = c.payload`,
        [JSON.stringify(changed)],
      );
      written += rowCount ?? 0;
    }
    const last = rows.at(-1);
    if (!last) return written;
    after = last.at;
  }
}
