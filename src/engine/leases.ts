import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { getExecutor } from "@dbos-inc/dbos-sdk/internal/dbos";
import { createPool, type Pool } from "../db/pool.ts";
import type { Log } from "../log.ts";
import { takeWorkAs } from "./internals.ts";
import { createRecollection, findStrays } from "./left-behind.ts";
import { parkedIds, wake } from "./mailbox.ts";
import { layDown } from "./sleep.ts";
import { announceWaiting } from "./taker.ts";
import { endTerm, holdTerm } from "./term.ts";

const RENEW_EVERY_MS = 500;
/** A process that has not renewed for this long is taken for dead. */
const LEASE_MS = 3_000;
/** One that could not renew for a while waits this long before it judges others, which could not either. */
const GRACE_MS = LEASE_MS + RENEW_EVERY_MS;
/** How often work that nobody runs is looked for, though no lease has run out. */
const STRAYS_EVERY_MS = 5_000;

export interface Leases {
  /** This process's id among the executors; another one after it was taken for dead. */
  executorId(): string;
  /** Takes over what the dead have left, now and from now on. */
  watch(): Promise<void>;
  /** Lets go of the lease: others take over at once. */
  stop(): Promise<void>;
}

interface Options {
  databaseUrl: string;
  /** What this process is called for as long as it lives: see `newMember`. */
  member: string;
  /** Where others' work is taken over. */
  pool: Pool;
  /** Nobody else can be alive on this database. */
  exclusive: boolean;
  log: Log;
}

/**
 * Holds this process's lease and hands the workflows of processes whose lease has run out to the living.
 *
 * Who finds a lease that has run out deletes it, and only then takes the work: so a process whose lease is still there has
 * lost nothing, however late it renews it, and one whose lease is gone knows that all its work is others'. It lets go of
 * that work and goes on under a new id. The engine's own ownership token stops what it may still write.
 *
 * The lease has a connection of its own: neither a busy pool nor a standby that does not answer may cost it.
 */
export async function startLeases({ databaseUrl, member, pool, exclusive, log }: Options): Promise<Leases> {
  const own = createPool({ url: databaseUrl, max: 1, applicationName: "countersign-lease", log });
  let id = member;
  let terms = 1;
  let heldUntil = -Infinity;
  /** Since when the lease was held without a gap. */
  let since = -Infinity;
  let straysAt = 0;
  let stopping = false;
  const recollect = createRecollection(pool);
  let looking: Promise<void> = Promise.resolve();
  let loop: Promise<void> = Promise.resolve();

  async function renew(): Promise<void> {
    const sent = performance.now();
    if (!(await extendLease(own, id))) {
      log.warn({ executor: id }, "others have taken this process for dead; it goes on as a new one");
      id = `${member}.${++terms}`;
      await insertLease(own, id);
      takeWorkAs(id);
      endTerm();
      parkedIds().forEach(wake);
    }
    if (sent > heldUntil && heldUntil > 0) since = sent;
    heldUntil = sent + LEASE_MS;
    holdTerm(heldUntil);
  }

  async function look(all: boolean): Promise<void> {
    const dead = await deleteLeases(pool, id, all);
    const strays = await lookForStrays();
    const left = [...dead, ...strays];
    if (left.length === 0) return;
    log.info({ dead, strays }, "work that others have left is taken over");
    await endSessions(pool, left).catch((error: unknown) =>
      log.warn(
        { err: error },
        "the sessions of the dead could not be ended; their locks may hold up their work",
      ),
    );
    const asleep = await layDown(pool, left);
    if (asleep > 0) log.info({ workflows: asleep }, "workflows that only wait were put to sleep");
    await getExecutor().recoverPendingWorkflows(left);
    announceWaiting();
  }

  async function lookForStrays(): Promise<string[]> {
    if (performance.now() < straysAt) return [];
    straysAt = performance.now() + STRAYS_EVERY_MS;
    const forgotten = await recollect(id);
    if (forgotten.length > 0) {
      log.info({ workflows: forgotten }, "workflows that were begun here and did not run are begun again");
      announceWaiting();
    }
    return findStrays(pool, id);
  }

  async function keep(): Promise<void> {
    let idle = true;
    while (!stopping) {
      await sleep(RENEW_EVERY_MS);
      if (stopping) return;
      await renew().catch((error: unknown) => log.warn({ err: error }, "the lease could not be renewed"));
      const mayJudge = performance.now() < heldUntil && performance.now() - since > GRACE_MS;
      if (!mayJudge || !idle) continue;
      // Beside the renewals: taking over may take long.
      idle = false;
      looking = look(false)
        .catch((error: unknown) => log.warn({ err: error }, "the work of the dead could not be taken over"))
        .finally(() => (idle = true));
    }
  }

  const started = performance.now();
  await insertLease(own, id);
  heldUntil = started + LEASE_MS;
  holdTerm(heldUntil);
  return {
    executorId: () => id,
    async watch() {
      await renew();
      await look(exclusive);
      loop = keep();
    },
    async stop() {
      stopping = true;
      await Promise.all([loop, looking]);
      // A lease that has run out says "take mine now": others, or our own next start, need not wait.
      await own
        .query("update countersign.executors set lease_until = now() - interval '1 second' where id = $1", [
          id,
        ])
        .catch(() => undefined);
      await own.end();
    },
  };
}

/** A name for this process among the executors; its ids begin with it. */
export const newMember = (): string => `exe_${randomUUID()}`;

const memberOf = (id: string): string => id.split(".")[0] ?? id;

/** How a process's sessions are called at the server, so that others can end them. At most 63 bytes. */
export const sessionName = (part: string, member: string): string => `${part} ${member}`;
export const SESSION_PARTS = { requests: "countersign", engine: "countersign-engine" } as const;

/** Losing a renewal in a crash costs nothing, so nobody waits until it is on disk or at the standby. */
const IN_PASSING = "set_config('synchronous_commit', 'off', true) is not null";

const insertLease = (pool: Pool, id: string) =>
  pool.query(
    `insert into countersign.executors (id, lease_until)
     select $1, now() + interval '${LEASE_MS} milliseconds' where ${IN_PASSING}`,
    [id],
  );

/** @returns false when it is gone: others have taken the work of its holder. */
async function extendLease(pool: Pool, id: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update countersign.executors set lease_until = now() + interval '${LEASE_MS} milliseconds'
      where id = $1 and ${IN_PASSING}`,
    [id],
  );
  return rowCount === 1;
}

/** Deletes the leases that have run out, or all but our own. @returns whose they were */
async function deleteLeases(pool: Pool, self: string, all: boolean): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    "delete from countersign.executors where id <> $1 and ($2 or lease_until < now()) returning id",
    [self, all],
  );
  return rows.map((row) => row.id);
}

/**
 * A process that stands still, or whose machine has vanished, may do so in the middle of a transaction, and the server
 * would keep its locks for it.
 */
const endSessions = (pool: Pool, ids: string[]) =>
  pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and application_name = any($1)`,
    [ids.flatMap((id) => Object.values(SESSION_PARTS).map((part) => sessionName(part, memberOf(id))))],
  );
