import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { messageCallbacks } from "./internals.ts";
import { TOPIC, workflowId } from "./names.ts";

/** The longest sleep between two looks, though nothing was heard. */
const LONGEST_MS = 10 * 60_000;

/** After a failed look: the database may be away, and the transition that follows waits for it. */
const RETRY_MS = 500;

/** Everything parked here, by workflow, so that the nudger can wake it. */
const parked = new Map<string, () => void>();

export const parkedCount = (): number => parked.size;
export const parkedIds = (): string[] => [...parked.keys()];
export const isParked = (workflow: string): boolean => parked.has(workflow);
export const wake = (workflow: string): void => parked.get(workflow)?.();

/**
 * Parks a workflow until a message waits for it, its time has come, or its next step is already recorded (a replay). It
 * leaves no checkpoint: waking too often costs a look, and the next transition decides by what it finds.
 * @param steps how many transitions this run has been through
 * @param quietMs for how long to wait for a message at most; null: as long as it takes
 * @returns `quiet` when nothing was heard for that long and nothing is due; else it is to look
 */
export async function park(
  pool: Pool,
  where: { table: "orders" | "approvals"; id: string; segment: number; steps: number; wakeAt: string | null },
  quietMs: number | null = null,
): Promise<"look" | "quiet"> {
  const workflow = workflowId(where.id, where.segment);
  let heard!: () => void;
  const message = new Promise<void>((resolve) => (heard = resolve));
  const callbacks = messageCallbacks();
  const handle = callbacks.registerCallback(`${workflow}::${TOPIC}`, heard);
  parked.set(workflow, heard);
  let timer: NodeJS.Timeout | undefined;
  try {
    if (await isReady(pool, where, workflow).catch(() => sleep(RETRY_MS).then(() => true))) return "look";
    const wait = where.wakeAt === null ? LONGEST_MS : Math.max(0, Date.parse(where.wakeAt) - Date.now());
    const longest = Math.min(wait, LONGEST_MS);
    const isQuiet = quietMs !== null && quietMs < longest;
    const time = new Promise<"look" | "quiet">((resolve) => {
      timer = setTimeout(() => resolve(isQuiet ? "quiet" : "look"), isQuiet ? quietMs : longest);
      timer.unref();
    });
    return await Promise.race([message.then(() => "look" as const), time]);
  } finally {
    clearTimeout(timer);
    callbacks.deregisterCallback(handle);
    if (parked.get(workflow) === heard) parked.delete(workflow);
  }
}

async function isReady(
  pool: Pool,
  { table, id, steps }: { table: string; id: string; steps: number },
  workflow: string,
): Promise<boolean> {
  const { rows } = await pool.query<{ ready: boolean }>(
    `select t.steps > $3 or exists (
              select from dbos.notifications where destination_uuid = $2 and topic = '${TOPIC}' and consumed = false) as ready
       from countersign.${table} t where t.id = $1`,
    [id, workflow, steps],
  );
  return rows[0]?.ready ?? true;
}
