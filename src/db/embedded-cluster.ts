import { spawn } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { AppError } from "../errors.ts";
import type { Account } from "./embedded-account.ts";
import type { Binaries } from "./embedded-binaries.ts";

export const MAJOR_VERSION = "18";

/** The server's own file in its cluster, as far as we read it (PostgreSQL: `miscadmin.h`, LOCK_FILE_LINE_…). */
export interface PidFile {
  pid: number;
  ready: boolean;
}

export function readPidFile(file: string): PidFile | undefined {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    const pid = Math.abs(Number.parseInt(lines[0] ?? "", 10));
    return Number.isNaN(pid) ? undefined : { pid, ready: lines[7]?.trim() === "ready" };
  } catch {
    return undefined;
  }
}

/**
 * How a program is told where the cluster is. Under another account its path may lead through directories that the
 * account may not enter (a clone in /root): there it starts in the cluster and finds it by its working directory.
 */
export function clusterArgument(cluster: string, account: Account | undefined): string {
  return account && process.platform === "linux" ? "/proc/self/cwd" : cluster;
}

/** A small environment of our own: PG… and LC_… variables of the caller's shell change what PostgreSQL does. */
export const environment = (): { env?: NodeJS.ProcessEnv } =>
  process.platform === "win32"
    ? {}
    : { env: { LC_ALL: "C", TZ: "UTC", PATH: "/usr/local/bin:/usr/bin:/bin" } };

interface InitOptions {
  binaries: Binaries;
  account: Account | undefined;
  /** Required of every connection over TCP; a socket is guarded by its directory. */
  password: string | undefined;
  durable: boolean;
}

/**
 * On Linux the new cluster is written through by one call for its file system, in place of one for each of a thousand files: as durable,
 * and up to a second faster (https://www.postgresql.org/docs/18/app-initdb.html, `--sync-method`).
 */
const SYNC = process.platform === "linux" ? ["--sync-method=syncfs"] : [];

/** Creates the cluster: made beside and renamed when complete, so an interrupted start leaves nothing half made. */
export async function createCluster(cluster: string, options: InitOptions): Promise<void> {
  const { binaries, account, password, durable } = options;
  const unfinished = `${cluster}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  if (account) chownSync(unfinished, account.uid, account.gid);

  const passwordFile = join(dirname(cluster), `postgres.password.${randomBytes(6).toString("hex")}`);
  if (password !== undefined) {
    writeFileSync(passwordFile, password, { mode: 0o600, flag: "wx" });
    if (account) chownSync(passwordFile, account.uid, account.gid);
  }
  try {
    await run(
      binaries.initdb,
      [
        `--pgdata=${clusterArgument(unfinished, account)}`,
        "--username=postgres",
        ...(password === undefined ? ["--auth=trust"] : ["--auth=scram-sha-256", `--pwfile=${passwordFile}`]),
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        ...(durable ? SYNC : ["--no-sync"]),
      ],
      unfinished,
      account,
    );
  } finally {
    if (password !== undefined) rmSync(passwordFile, { force: true });
  }
  renameSync(unfinished, cluster);
}

/** A cluster of another major version cannot be opened; says so before PostgreSQL does. */
export function checkVersion(cluster: string): void {
  const file = join(cluster, "PG_VERSION");
  const version = existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
  if (version === MAJOR_VERSION) return;
  throw new AppError(
    "conflict",
    version === undefined
      ? `The directory ${cluster} is not a PostgreSQL database: move it away, or set DATA_DIR to another directory.`
      : `The database in ${cluster} was made by PostgreSQL ${version} and this is ${MAJOR_VERSION}: restore a dump of it into a new DATA_DIR, or set DATABASE_URL.`,
  );
}

function run(program: string, args: string[], cwd: string, account: Account | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...account,
      ...environment(),
      cwd,
      stdio: ["ignore", "ignore", "pipe"],
      windowsHide: true,
    });
    let output = "";
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) return resolve();
      const reason = lastError(output) ?? `exit code ${code}`;
      reject(
        new AppError("database_unavailable", `PostgreSQL could not create its database in ${cwd}: ${reason}`),
      );
    });
  });
}

/** The line of PostgreSQL's output that says why it ended. */
export function lastError(output: string): string | undefined {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const told = lines.filter((line) => /\b(FATAL|PANIC|error|could not)\b/.test(line)).at(-1) ?? lines.at(-1);
  return told?.replace(/^.*?\b(FATAL|PANIC):\s*/, "").trim();
}
