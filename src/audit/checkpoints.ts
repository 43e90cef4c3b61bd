import { setTimeout as sleep } from "node:timers/promises";
import {
  findUnsentCheckpoints,
  markCheckpointSent,
  readLeaves,
  tryLockCheckpoints,
} from "../db/checkpoints.ts";
import { inTransaction } from "../db/pool.ts";
import type { SignedCheckpoint } from "../domain/audit-checkpoint.ts";
import type { Log } from "../log.ts";
import { writeCheckpoint } from "./checkpoint-file.ts";
import { makeCheckpoints, type MakeDeps, type MakeOptions } from "./make-checkpoint.ts";

export interface CheckpointOptions extends MakeDeps {
  /** Where each is written to: `000000000012.ndjson`. */
  dir: string;
  everyMs: number;
  /** Mails a statement to whoever keeps them; false: not yet. Absent: nobody does. */
  mail?: (statement: string) => Promise<boolean>;
  log: Log;
  /** How often what could not be sent is tried again. */
  pollMs?: number;
}

export interface Checkpoints {
  /** Makes one now, and sends it. */
  make(options?: Pick<MakeOptions, "sweep" | "acceptNewKey">): Promise<SignedCheckpoint[]>;
  stop(): Promise<void>;
}

const POLL_MS = 30_000;

/**
 * Makes a checkpoint every hour, and sends out what was made. Every process may run it: the database decides who does. What was
 * written and not sent, because the process died or the mail server did not answer, is sent again, by any process, and is
 * byte for byte the same: the same file, and a mail with the same Message-ID.
 */
export function startCheckpoints(options: CheckpointOptions): Checkpoints {
  const { everyMs, log, pollMs = Math.min(POLL_MS, options.everyMs) } = options;
  const stopping = new AbortController();
  let under: Promise<unknown> = Promise.resolve();
  let said = "";

  async function make(how: MakeOptions): Promise<SignedCheckpoint[]> {
    const made = await makeCheckpoints(options, how);
    await sendUnsent(options).catch((error: unknown) => {
      log.warn({ err: error }, "a checkpoint was made but could not be sent out; trying again");
    });
    return made;
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      await make({ unlessYoungerThanMs: everyMs }).then(
        () => (said = ""),
        (error: unknown) => {
          // The same trouble every half minute is said once.
          const message = error instanceof Error ? error.message : String(error);
          if (message !== said) log.warn({ err: error }, "no checkpoint could be made");
          said = message;
        },
      );
      await sleep(pollMs, undefined, { ref: false, signal: stopping.signal }).catch(() => undefined);
    }
  }

  const running = loop();
  return {
    make(how = {}) {
      const made = make(how);
      under = Promise.allSettled([under, made]);
      return made;
    },
    async stop() {
      stopping.abort();
      await Promise.all([running, under]);
    },
  };
}

const BATCH = 100;

/** In the order of their numbers. A mail server that does not answer keeps back the mails, not the files. */
async function sendUnsent({ pool, dir, mail, log }: CheckpointOptions): Promise<void> {
  await inTransaction(pool, async (tx) => {
    if (!(await tryLockCheckpoints(tx))) return;
    let mails = true;
    for (const row of await findUnsentCheckpoints(tx, BATCH)) {
      await writeCheckpoint(dir, row, () => readLeaves(tx, row.number), log);
      mails = mails && (!mail || (await mail(row.statement)));
      if (mails) await markCheckpointSent(tx, row.number);
    }
    if (!mails) log.warn("checkpoints could not be mailed yet");
  });
}
