import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../errors.ts";

const Holder = z.object({ pid: z.int().positive(), started: z.string() });

/** A process whose parent was killed ends within moments, and lets go of its data. */
const PATIENCE_MS = 3_000;

/**
 * Makes this process the only one on a data directory: two would write over each other's journal. The file names the
 * holder by id and start time, so what a killed process left behind is taken over, also when its id is somebody else's by
 * now. @returns what lets go of it. @throws AppError `conflict` while the holder lives
 */
export async function lockData(dataDir: string): Promise<() => void> {
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, "provider.lock");
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) });
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(50)) {
    if (create(file, mine)) {
      return () => {
        if (read(file) === mine) rmSync(file, { force: true });
      };
    }
    const found = read(file);
    const holder = parse(found);
    if (!holder || startOf(holder.pid) !== holder.started) takeAway(file, found);
    else if (Date.now() > deadline)
      throw new AppError(
        "conflict",
        `The mock provider's data directory ${dataDir} is in use by process ${holder.pid}: stop that process, or name another directory with --data-dir (DATA_DIR with npm start).`,
      );
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

/** When the process began, as a text that no later process with its id shares; null when there is none. */
function startOf(pid: number): string | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return null;
  }
  try {
    if (process.platform === "linux") {
      // proc(5): the second field may hold spaces and brackets; state is field 3, the start time in ticks is field 22
      const fields = (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) ?? "").split(" ");
      if (fields[0] === "Z" || fields[0] === "X") return null;
      return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}:${fields[19]}`;
    }
    if (process.platform === "win32") return "unknown";
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

function create(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: "wx" });
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
