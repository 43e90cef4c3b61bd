import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";

const ROOT = resolve(import.meta.dirname, "../..");

/** Where `countersign/client` of package.json leads. */
export const CLIENT = join(ROOT, "dist/client");

/** Builds the client library: one module that imports nothing, for Node and browsers. */
export async function buildClientCode(outdir: string): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/client/index.ts"],
    outdir,
    bundle: true,
    platform: "browser",
    target: ["es2022"],
    format: "esm",
    sourcemap: "linked",
    logLevel: "warning",
  });
}

/** Writes its types: declarations of the client, and of the contract and domain that they are derived from. */
export async function buildClientTypes(outdir: string): Promise<void> {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const project = join(ROOT, "tsconfig.client.json");
  await promisify(execFile)(process.execPath, [tsc, "--project", project, "--outDir", join(outdir, "types")]);
}

export async function buildClient(outdir = CLIENT): Promise<void> {
  await rm(outdir, { recursive: true, force: true });
  await Promise.all([buildClientCode(outdir), buildClientTypes(outdir)]);
}
