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

/** Where a run waits for messages to its workflow. */
export interface Mailbox {
  /** Messages are about to be taken: what was heard so far is among them. */
  empty: () => void;
  /**
   * Parks until a message waits, the time has come, or the next step is already recorded (a replay). It leaves no checkpoint:
   * waking too often costs a look, and the next transition decides by what it finds.
   * @param steps how many transitions this run has been through
   * @param quietMs for how long to wait for a message at most; null: as long as it takes
   * @returns `quiet` when nothing was heard for that long and nothing is due; else it is to look
   */
  park(wait: { steps: number; wakeAt: string | null }, quietMs: number | null): Promise<"look" | "quiet">;
  close(): void;
}

/**
 * Listens from the moment at which the run begins, so that a message which comes while the run is busy is known of when it parks:
 * whether one waits is asked only when something was heard, or nothing was taken yet. What is not heard at all the nudger finds.
 */
export function openMailbox(
  pool: Pool,
  { table, id, segment }: { table: "orders" | "approvals"; id: string; segment: number },
): Mailbox {
  const workflow = workflowId(id, segment);
  let isUnsure = true;
  let wakeUp: (() => void) | null = null;
  const callbacks = messageCallbacks();
  const handle = callbacks.registerCallback(`${workflow}::${TOPIC}`, () => {
    isUnsure = true;
    wakeUp?.();
  });

  const look = async (steps: number): Promise<boolean> => {
    if (!isUnsure) return false;
    isUnsure = false;
    return isReady(pool, { table, id, steps }, workflow).catch(() => sleep(RETRY_MS).then(() => true));
  };

  return {
    empty: () => void (isUnsure = false),
    close: () => callbacks.deregisterCallback(handle),

    async park({ steps, wakeAt }, quietMs) {
      const heard = new Promise<void>((resolve) => (wakeUp = resolve));
      const woken = wakeUp as unknown as () => void;
      parked.set(workflow, woken);
      let timer: NodeJS.Timeout | undefined;
      try {
        if (await look(steps)) return "look";
        const wait = wakeAt === null ? LONGEST_MS : Math.max(0, Date.parse(wakeAt) - Date.now());
        const longest = Math.min(wait, LONGEST_MS);
        const isQuiet = quietMs !== null && quietMs < longest;
        const time = new Promise<"look" | "quiet">((resolve) => {
          timer = setTimeout(() => resolve(isQuiet ? "quiet" : "look"), isQuiet ? quietMs : longest);
          timer.unref();
        });
        return await Promise.race([heard.then(() => "look" as const), time]);
      } finally {
        clearTimeout(timer);
        wakeUp = null;
        if (parked.get(workflow) === woken) parked.delete(workflow);
      }
    },
  };
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
