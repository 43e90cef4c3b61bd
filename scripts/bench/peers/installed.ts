import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const PEERS = import.meta.dirname;

/**
 * Installs a peer's packages beside its files, as its own lock file says, when they are not there yet. Nothing of them is in the
 * project's own, and no script of theirs is run.
 * @returns the peer's folder
 * @throws when the registry cannot be reached
 */
export async function installed(name: string, say: (line: string) => void): Promise<string> {
  const folder = join(PEERS, name);
  const lock = await readFile(join(folder, "package-lock.json"));
  const wanted = createHash("sha256").update(lock).digest("hex");
  const mark = join(folder, "node_modules", ".installed");
  if ((await readFile(mark, "utf8").catch(() => "")) === wanted) return folder;
  say(`installing ${name}`);
  await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  await writeFile(mark, wanted);
  return folder;
}

/** The version that a peer's package.json pins. */
export async function pinned(name: string, packageName: string): Promise<string> {
  const text = await readFile(join(PEERS, name, "package.json"), "utf8");
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  return dependencies[packageName] ?? "unknown";
}
