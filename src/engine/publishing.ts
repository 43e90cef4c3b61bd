import type { Pool } from "../db/pool.ts";
import { openDirectJournal } from "./direct-journal.ts";
import { currentOwner } from "./internals.ts";
import type { Journal } from "./journal.ts";
import { openPlainJournal } from "./plain-journal.ts";

/**
 * Who writes the engine's checkpoints: our transactions, which commit anyway, or the engine's own steps. The rows are the same, so
 * either goes on with what the other has begun.
 */
export type Publishing = "direct" | "plain";

let publishing: Publishing = "direct";

export const publishAs = (by: Publishing): void => void (publishing = by);

export const isDirect = (): boolean => publishing === "direct";

/** The steps of the run that calls this. */
export const openJournal = (pool: Pool, workflow: string): Promise<Journal> =>
  isDirect() ? openDirectJournal(pool, workflow, currentOwner()) : Promise.resolve(openPlainJournal());
