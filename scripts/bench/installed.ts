import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const BENCH = import.meta.dirname;

/**
 * Installs what a folder of the benchmark needs beside its files, as its own lock file says (or its package.json, whose
 * versions are exact), when it is not there yet. Nothing of it is in the project's own packages, and no script of theirs is run.
 * @param name below `scripts/bench`, such as `peers/restate`
 * @returns the folder
 * @throws when the registry cannot be reached
 */
export async function installed(name: string, say: (line: string) => void): Promise<string> {
  const folder = join(BENCH, name);
  const lock = await readFile(join(folder, "package-lock.json")).catch(() => null);
  const wanted = createHash("sha256")
    .update(lock ?? (await readFile(join(folder, "package.json"))))
    .digest("hex");
  const mark = join(folder, "node_modules", ".installed");
  if ((await readFile(mark, "utf8").catch(() => "")) === wanted) return folder;
  say(`installing ${name}`);
  // A lock file names platforms whose packages not every registry has: where that fails, exact versions have to do.
  const how = lock === null ? ["install", "--no-package-lock"] : ["ci"];
  await run("npm", [...how, "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  await writeFile(mark, wanted);
  return folder;
}

/** The version that such a folder's package.json pins. */
export async function pinned(name: string, packageName: string): Promise<string> {
  const text = await readFile(join(BENCH, name, "package.json"), "utf8");
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  return dependencies[packageName] ?? "unknown";
}
