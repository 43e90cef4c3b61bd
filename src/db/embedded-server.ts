import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { AppError } from "../errors.ts";
import type { Account } from "./embedded-account.ts";
import type { Binaries } from "./embedded-binaries.ts";
import { clusterArgument, environment, lastError, readPidFile } from "./embedded-cluster.ts";
import { exists, servesCluster, signal, waitForExit } from "./embedded-process.ts";

/** All that is needed to run the server on a cluster, as often as it takes. */
export interface ServerPlan {
  cluster: string;
  binaries: Binaries;
  account: Account | undefined;
  settings: Record<string, string>;
  socketLock: string | undefined;
  logFile: string;
}

export interface RunningServer {
  pid: number;
  exited: Promise<void>;
  /** It does not keep our process alive, until we wait for its end. */
  awaitEnd(): void;
}

/** What PostgreSQL says when the rests of a killed server are still about; they go by themselves. */
const PASSING = /pre-existing shared memory block|lock file "postmaster\.pid"/;
const PATIENCE_MS = 15_000;

/** Starts the server and waits until it takes connections. Whatever still serves the cluster is stopped first. */
export async function startServer(plan: ServerPlan): Promise<RunningServer> {
  for (const deadline = Date.now() + PATIENCE_MS; ; await sleep(50)) {
    await clearTheWay(plan);
    try {
      return await spawnServer(plan);
    } catch (error) {
      const passing = error instanceof Error && PASSING.test(error.message);
      if (!passing || Date.now() > deadline) throw error;
    }
  }
}

/** A fast shutdown: sessions are ended, everything is written. Only a server that hangs is treated more roughly. */
export async function stopServer(pid: number, plan: Pick<ServerPlan, "cluster" | "binaries">): Promise<void> {
  if (process.platform === "win32") {
    await promisify(execFile)(plan.binaries.pgCtl, ["stop", "-D", plan.cluster, "-m", "fast", "-w"]).catch(
      () => {},
    );
    return;
  }
  for (const [name, patienceMs] of [
    ["SIGINT", 60_000],
    ["SIGQUIT", 10_000],
    ["SIGKILL", 10_000],
  ] as const) {
    signal(pid, name);
    if (await waitForExit(pid, patienceMs)) return;
  }
}

/**
 * A server that outlived the process which started it is stopped, not adopted: it may run with older programs and
 * settings. Then PostgreSQL's own lock files are checked: it takes any process that has the id for a server (another
 * one that got it later, or a zombie that nobody waits for) and would not start.
 */
async function clearTheWay({ cluster, binaries, socketLock }: ServerPlan): Promise<void> {
  const left = readPidFile(pidFile(cluster));
  if (left && servesCluster(left.pid, cluster)) await stopServer(left.pid, { cluster, binaries });
  for (const file of [pidFile(cluster), ...(socketLock ? [socketLock] : [])]) {
    const holder = readPidFile(file);
    if (holder && exists(holder.pid)) rmSync(file, { force: true });
  }
}

const pidFile = (cluster: string) => join(cluster, "postmaster.pid");

async function spawnServer(plan: ServerPlan): Promise<RunningServer> {
  const { cluster, account, logFile } = plan;
  const log = openSync(logFile, "a+", 0o640);
  const from = fstatSync(log).size;
  try {
    const child = spawn(
      plan.binaries.postgres,
      [
        "-D",
        clusterArgument(cluster, account),
        ...Object.entries(plan.settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ],
      {
        ...account,
        ...environment(),
        cwd: cluster,
        // of its own group: Ctrl-C in the terminal is for us, and we stop it when we are done with it
        detached: true,
        stdio: ["ignore", log, log],
        windowsHide: true,
      },
    );
    const end = exitOf(child);
    let ended: Error | true | undefined;
    void end.then((error) => (ended = error ?? true));
    for (;;) {
      const file = readPidFile(pidFile(cluster));
      if (child.pid !== undefined && file?.pid === child.pid && file.ready) break;
      await Promise.race([end, sleep(10)]);
      if (ended !== undefined) {
        const reason = ended === true ? (lastError(readFrom(log, from)) ?? "it ended") : ended.message;
        throw new AppError(
          "database_unavailable",
          `PostgreSQL does not start in ${cluster}: ${reason} (see ${logFile})`,
        );
      }
    }
    child.unref();
    return { pid: child.pid, exited: end.then(() => undefined), awaitEnd: () => child.ref() };
  } finally {
    closeSync(log);
  }
}

const exitOf = (child: ChildProcess) =>
  new Promise<Error | undefined>((resolve) => {
    child.once("error", resolve);
    child.once("exit", () => resolve(undefined));
  });

function readFrom(file: number, offset: number): string {
  const rest = Buffer.alloc(Math.min(64 * 1024, Math.max(0, fstatSync(file).size - offset)));
  return rest.toString("utf8", 0, readSync(file, rest, 0, rest.length, offset));
}
