import {
  findGrown,
  findGrownSince,
  getLastCheckpoint,
  getLastSweep,
  insertCheckpoint,
  lockCheckpoints,
  tryLockCheckpoints,
  type CheckpointRow,
} from "../db/checkpoints.ts";
import { inTransaction, type Pool, type Tx } from "../db/pool.ts";
import { nextStatement, type CheckpointLeaf, type SignedCheckpoint } from "../domain/audit-checkpoint.ts";
import { AppError } from "../errors.ts";
import { signCheckpoint, type CheckpointKey } from "./checkpoint-key.ts";
import { parseCheckpoint } from "./checkpoint-text.ts";

/** The most leaves of one tree, so that making it and proving from it stay small. */
const MOST_LEAVES = 65_536;
/** An entry is committed at the latest this long after its time, by whatever clock its process has. What is later is swept up. */
const LATEST_MS = 15 * 60_000;
const SWEEP_EVERY_MS = 24 * 3_600_000;

export interface MakeDeps {
  pool: Pool;
  /** The last one signs. */
  keys: readonly CheckpointKey[];
  mostLeaves?: number;
}

export interface MakeOptions {
  /** Nothing is made when the newest is younger. */
  unlessYoungerThanMs?: number;
  /** Compares all orders, not only those written to lately. */
  sweep?: boolean;
  /** Goes on with a key that the former one has not named: the former one is lost. Whoever verifies is told. */
  acceptNewKey?: boolean;
}

/**
 * States all trails that have grown since the checkpoint before. One process does it at a time; with `unlessYoungerThanMs` a
 * process that comes second makes none. Where there is more than one checkpoint holds, several are made.
 * @returns those that were made, oldest first
 * @throws AppError `conflict` when the key is another one and the former one is not at hand
 */
export async function makeCheckpoints(
  deps: MakeDeps,
  options: MakeOptions = {},
): Promise<SignedCheckpoint[]> {
  const made: SignedCheckpoint[] = [];
  for (;;) {
    const one = await inTransaction(deps.pool, (tx) => makeOne(tx, deps, made.length > 0 ? {} : options));
    if (!one) return made;
    made.push(one.signed);
    if (!one.again) return made;
  }
}

async function makeOne(
  tx: Tx,
  { keys, mostLeaves = MOST_LEAVES }: MakeDeps,
  { unlessYoungerThanMs, sweep = false, acceptNewKey = false }: MakeOptions,
): Promise<{ signed: SignedCheckpoint; again: boolean } | null> {
  if (unlessYoungerThanMs === undefined) await lockCheckpoints(tx);
  else if (!(await tryLockCheckpoints(tx))) return null;
  const now = new Date();
  const last = await getLastCheckpoint(tx);
  if (last && unlessYoungerThanMs !== undefined && now.getTime() - last.at.getTime() < unlessYoungerThanMs)
    return null;
  const before = last && parseCheckpoint(last.statement);
  const { key, next_key } = keyFor(before, keys, acceptNewKey);
  const swept = sweep || (await isSweepDue(tx, last, now));
  const leaves = await grown(tx, swept, last, mostLeaves);
  // A clock that was set back does not make the chain run backward.
  const at = new Date(Math.max(now.getTime(), last?.at.getTime() ?? 0));
  const statement = nextStatement(before, leaves, {
    at,
    key: key.public,
    ...(next_key === undefined ? {} : { next_key }),
  });
  const signed = signCheckpoint(statement, key);
  const remaining = leaves.length === mostLeaves;
  const row = { number: signed.number, at, statement: JSON.stringify(signed), swept, remaining };
  await insertCheckpoint(tx, row, leaves);
  return { signed, again: remaining || next_key !== undefined };
}

/** All orders once a day, and as long as a checkpoint could not hold what there was. */
async function isSweepDue(tx: Tx, last: CheckpointRow | null, now: Date): Promise<boolean> {
  if (!last || last.remaining) return true;
  const swept = await getLastSweep(tx);
  return swept === null || now.getTime() - swept.getTime() >= SWEEP_EVERY_MS;
}

async function grown(
  tx: Tx,
  all: boolean,
  last: CheckpointRow | null,
  most: number,
): Promise<CheckpointLeaf[]> {
  // Of a million orders it takes seconds.
  if (all) await tx.query("set local statement_timeout = '10min'");
  const since = new Date((last?.at.getTime() ?? 0) - LATEST_MS);
  const leaves = await (all ? findGrown(tx, most) : findGrownSince(tx, since, most));
  return leaves.sort((a, b) => (a.order_id < b.order_id ? -1 : 1));
}

/** Who signs the next one. When the key was changed, the old one first names the new one. */
function keyFor(
  before: SignedCheckpoint | null,
  keys: readonly CheckpointKey[],
  acceptNewKey: boolean,
): { key: CheckpointKey; next_key?: string } {
  const current = keys.at(-1);
  if (!current) throw new AppError("conflict", "There is no key to sign checkpoints with.");
  const expected = before?.next_key ?? before?.key ?? current.public;
  if (expected === current.public || acceptNewKey) return { key: current };
  const former = keys.find((key) => key.public === expected);
  if (former) return { key: former, next_key: current.public };
  throw new AppError(
    "conflict",
    `The checkpoints so far were signed with the key ${expected}, and this process signs with ${current.public}. ` +
      "Put the former private key above the new one in CHECKPOINT_KEY_FILE, so that it can name its successor.",
  );
}
