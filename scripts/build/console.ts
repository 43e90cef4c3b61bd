import { execFile } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

const require = createRequire(import.meta.url);
const ROOT = resolve(import.meta.dirname, "../..");
const SOURCES = [join(ROOT, "src/console"), join(ROOT, "vite.config.ts")];
const BUILT = join(ROOT, "dist/console/index.html");

/** Builds the console into `dist/console`, which is there whole or as it was before. */
export async function buildConsole(): Promise<void> {
  const outDir = join(ROOT, `dist/.console-${process.pid}`);
  const vite = join(dirname(require.resolve("vite/package.json")), "bin/vite.js");
  try {
    // A process of its own: in one with another NODE_ENV, such as a test's, libraries would be built for development.
    await promisify(execFile)(process.execPath, [vite, "build", "--outDir", outDir, "--logLevel", "warn"], {
      cwd: ROOT,
      env: { ...process.env, NODE_ENV: "production" },
    });
    await rm(dirname(BUILT), { recursive: true, force: true });
    await rename(outDir, dirname(BUILT));
  } finally {
    await rm(outDir, { recursive: true, force: true });
  }
}

/** The same, when what is there is older than its sources. */
export async function buildConsoleIfChanged(): Promise<void> {
  if (!existsSync(BUILT) || newest() > statSync(BUILT).mtimeMs) await buildConsole();
}

/** Vite is there for those who develop: an installation without development packages has the console built, or has none. */
export function canBuildConsole(): boolean {
  try {
    require.resolve("vite/package.json");
    return SOURCES.every((path) => existsSync(path));
  } catch {
    return false;
  }
}

const newest = (): number =>
  Math.max(
    ...SOURCES.flatMap((path) =>
      statSync(path).isDirectory()
        ? readdirSync(path, { recursive: true, encoding: "utf8" }).map(
            (name) => statSync(join(path, name)).mtimeMs,
          )
        : [statSync(path).mtimeMs],
    ),
  );
