import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { processStart } from "./embedded-process.ts";

const Holder = z.object({ pid: z.number().int().positive(), started: z.string() });

/**
 * Makes this process the only one of ours on a data directory. The file names the holder by id and start time, so a
 * lock left behind by kill -9 does not block, also when the id belongs to another process by now.
 * Throws AppError `conflict` while the holder lives. Returns what releases it.
 */
export function lockDirectory(file: string, directory: string): () => void {
  const mine = JSON.stringify({ pid: process.pid, started: processStart(process.pid) ?? "unknown" });
  for (;;) {
    if (create(file, mine)) {
      return () => {
        if (read(file) === mine) rmSync(file, { force: true });
      };
    }
    const found = read(file);
    const holder = parse(found);
    if (holder && processStart(holder.pid) === holder.started) {
      throw new AppError(
        "conflict",
        `The data directory ${directory} is in use by process ${holder.pid}: stop that process, or set DATA_DIR to another directory.`,
      );
    }
    takeAway(file, found);
  }
}

/** Removes a stale lock. Moved away first: should a new holder have come in between, it gets its lock back. */
function takeAway(file: string, stale: string | undefined): void {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    return; // somebody else took it away
  }
  const moved = read(aside);
  if (moved !== undefined && moved !== stale) create(file, moved);
  rmSync(aside, { force: true });
}

function create(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: "wx", mode: 0o644 });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function parse(text: string | undefined) {
  try {
    return Holder.safeParse(JSON.parse(text ?? "")).data;
  } catch {
    return undefined;
  }
}
