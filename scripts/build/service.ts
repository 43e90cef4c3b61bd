import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { build } from "esbuild";
import { isCurrent } from "../../bin/run.js";
import { noted, noting, type Sources } from "./sources.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** Where the package has it. */
export const SERVICE = join(ROOT, "dist/service");

/** What runs as a process of its own. */
export const ENTRIES = {
  main: "src/main.ts",
  cli: "src/cli/main.ts",
  "mock-provider": "src/mock-provider/main.ts",
};

/** What the code reads beside itself: a folder as a whole, and a file. */
const FOLDERS = { migrations: "src/db/migrations" };
const FILES = { "parameters.txt": "src/mock-provider/parameters.txt" };

/** What decides how it is built. */
const RECIPE = ["tsconfig.json", "scripts/build/service.ts", "scripts/build/sources.ts"];

/**
 * Builds the service as plain JavaScript into a folder of the package: a few files in place of hundreds, so that a process starts
 * in a third of the time. Installed packages stay what they are. The folder is there whole or as it was before.
 */
export async function buildService(outdir = SERVICE): Promise<void> {
  const unfinished = join(dirname(outdir), `.service-${process.pid}`);
  try {
    await buildInto(unfinished);
    await rm(outdir, { recursive: true, force: true });
    await rename(unfinished, outdir);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** The same, when it was built of something else than what is there. */
export async function buildServiceIfChanged(): Promise<void> {
  if (!isCurrent()) await buildService();
}

/** Packages may have been installed without what builds, or where no sources are. */
export function canBuildService(): boolean {
  try {
    createRequire(import.meta.url).resolve("esbuild");
    return Object.values(ENTRIES).every((path) => existsSync(join(ROOT, path)));
  } catch {
    return false;
  }
}

async function buildInto(outdir: string): Promise<void> {
  const files: Sources["files"] = {};
  // First: who edits one of them while it is built has another recipe.
  for (const path of RECIPE) await noted(ROOT, files, join(ROOT, path));
  await build({
    absWorkingDir: ROOT,
    entryPoints: ENTRIES,
    outdir,
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    // The engine tells functions by their names.
    keepNames: true,
    sourcemap: "linked",
    logLevel: "warning",
    plugins: [noting(ROOT, files)],
  });
  const copy = async (from: string, to: string) =>
    writeFile(join(outdir, to), await noted(ROOT, files, join(ROOT, from)));
  for (const [name, path] of Object.entries(FILES)) await copy(path, name);
  for (const [name, folder] of Object.entries(FOLDERS)) {
    await mkdir(join(outdir, name));
    for (const file of await readdir(join(ROOT, folder))) await copy(`${folder}/${file}`, `${name}/${file}`);
  }
  const sources: Sources = { files, folders: Object.values(FOLDERS) };
  await writeFile(join(outdir, "sources.json"), JSON.stringify(sources));
}
