import { createHash } from "node:crypto";
import { parseEntry } from "../audit/entry.ts";
import { verifyStored } from "../audit/verify-stored.ts";
import { verifyChain } from "../audit/verify.ts";
import {
  getArchive,
  lockArchivable,
  markArchived,
  restoreEntries,
  type Archivable,
  type ArchivedTrail,
} from "../db/archives.ts";
import { scanTrail } from "../db/audit-index.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import { forgetWorkflows } from "../engine/retention.ts";
import { AppError } from "../errors.ts";
import type { ArchiveStore } from "./store.ts";

const hashOf = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

/**
 * Moves one order's trail into a file, and deletes what the engine keeps of it. The file is written, read back and compared
 * before anything is deleted, and the deletion is one transaction: whenever the process dies, the trail is in the
 * database or in the file, or in both.
 * @returns false when the order has moved on meanwhile
 * @throws AppError when the trail does not verify: then it is evidence, and stays where it is
 */
export async function archiveTrail(pool: Pool, store: ArchiveStore, order: Archivable): Promise<boolean> {
  const { id, tenant, entries } = order;
  const before = await getArchive(pool, id);
  const old = before ? await unchanged(store, before) : Buffer.alloc(0);
  if (!before) {
    const verdict = await verifyStored(pool, tenant, id);
    if (!verdict?.valid)
      throw new AppError(
        "conflict",
        `The trail of ${id} is ${verdict?.fault ?? "gone"}: it is not archived.`,
      );
  }
  const lines: string[] = [];
  for await (const batch of scanTrail(pool, tenant, id, {
    after: (before?.entries ?? 0) - 1,
    before: entries,
  }))
    for (const { text } of batch) lines.push(`${text ?? ""}\n`);
  const content = Buffer.concat([old, Buffer.from(lines.join(""))]);
  const {
    valid,
    entries: proven,
    head_hash,
  } = await verifyChain(content.toString().split("\n").slice(0, -1));
  if (!valid || proven !== entries)
    throw new AppError("conflict", `The trail of ${id} does not verify as a file: it is not archived.`);
  const name = nameOf(order, head_hash);
  await store.put(name, content);
  const kept = await store.get(name);
  if (!kept?.equals(content))
    throw new AppError("conflict", `${name} does not come back from the archive as it was written.`);
  return inTransaction(pool, async (tx) => {
    const workflows = await lockArchivable(tx, order);
    if (!workflows) return false;
    await markArchived(tx, id, { name, sha256: hashOf(content), entries });
    await forgetWorkflows(tx, workflows);
    return true;
  });
}

/** By tenant and month, with the head of the chain: a longer trail of the same order is another file. */
function nameOf({ id, tenant }: Archivable, headHash: string): string {
  const created = new Date(timeOf(id));
  const month = created.toISOString().slice(0, 7).replace("-", "/");
  return `${encodeURIComponent(tenant)}/${month}/${id}-${headHash.slice(0, 12)}.ndjson`;
}

const CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz";

/** Milliseconds: ids begin with their time (https://github.com/ulid/spec). */
const timeOf = (id: string): number =>
  [...id.slice(id.indexOf("_") + 1).slice(0, 10)].reduce(
    (time, digit) => time * 32 + CROCKFORD.indexOf(digit),
    0,
  );

/**
 * Brings an archived trail's entries back into the database, for whoever reads them next. A file that was changed comes back as it
 * is now: what is wrong with it is for `verify` to say, as with entries that were changed in the database.
 * @throws AppError when the file is gone
 */
export async function restoreTrail(
  pool: Pool,
  store: ArchiveStore,
  order: { tenant: string; id: string },
): Promise<void> {
  const archive = await getArchive(pool, order.id);
  if (!archive) return;
  const content = await existing(store, archive.name);
  const entries = content
    .toString()
    .split("\n")
    .flatMap((value) => {
      const entry = parseEntry(value);
      if (!entry) return [];
      const { seq, id, at, type, actor } = entry;
      return [{ seq, id, at, type, actor_type: actor.type, actor_id: actor.id, value }];
    });
  await inTransaction(pool, (tx) => restoreEntries(tx, order, entries));
}

async function existing(store: ArchiveStore, name: string): Promise<Buffer> {
  const content = await store.get(name);
  if (content !== null) return content;
  throw new AppError("conflict", `The archive has no file ${name}: restore it from a backup of the archive.`);
}

/** @throws AppError when the file is gone or was changed: nothing may be added to such a one */
async function unchanged(store: ArchiveStore, { name, sha256 }: ArchivedTrail): Promise<Buffer> {
  const content = await existing(store, name);
  if (hashOf(content) === sha256) return content;
  throw new AppError(
    "conflict",
    `The archived file ${name} was changed: restore it from a backup of the archive.`,
  );
}
