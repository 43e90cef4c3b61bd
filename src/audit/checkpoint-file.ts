import { randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckpointLeaf } from "../domain/audit-checkpoint.ts";
import type { Log } from "../log.ts";
import { checkpointLines, parseCheckpoint } from "./checkpoint-text.ts";
import { readLines } from "./lines.ts";

interface Stated {
  number: number;
  statement: string;
}

/**
 * Writes a checkpoint to its file, `000000000012.ndjson`, whole or not at all. One that is there stays. Another checkpoint of that
 * number there is evidence, of a database that was restored or rewritten: it stays too, and the new one goes beside it.
 */
export async function writeCheckpoint(
  dir: string,
  { number, statement }: Stated,
  leaves: () => Promise<readonly CheckpointLeaf[]>,
  log: Log,
): Promise<void> {
  await mkdir(dir, { recursive: true });
  const name = join(dir, String(number).padStart(12, "0"));
  const there = await firstLine(`${name}.ndjson`);
  if (there === statement) return;
  if (there === null) return writeWhole(`${name}.ndjson`, checkpointLines(statement, await leaves()));
  const beside = `${name}.${parseCheckpoint(statement).hash.slice(0, 16)}.ndjson`;
  if ((await firstLine(beside)) === statement) return;
  log.error(
    { checkpoint: number, there: `${name}.ndjson`, beside },
    "another checkpoint of this number was written before: was the database restored, or rewritten?",
  );
  await writeWhole(beside, checkpointLines(statement, await leaves()));
}

async function firstLine(name: string): Promise<string | null> {
  try {
    for await (const line of readLines(createReadStream(name))) return line;
    return "";
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** Under another name first, and on the disk before it gets its own. */
async function writeWhole(name: string, lines: Iterable<string>): Promise<void> {
  const temporary = `${name}.${randomBytes(4).toString("hex")}.tmp`;
  const file = await open(temporary, "w", 0o644);
  try {
    await writeFile(file, lines);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, name);
}
