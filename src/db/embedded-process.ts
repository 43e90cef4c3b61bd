import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * When the process with this id started, as an opaque text that no later process with the same id shares; undefined
 * when there is no such process (a zombie counts as none).
 */
export function processStart(pid: number): string | undefined {
  if (!exists(pid)) return undefined;
  try {
    if (process.platform === "linux") {
      // proc(5): the second field may hold spaces and brackets; state is field 3, the start time in ticks is field 22
      const fields = (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) ?? "").split(" ");
      if (fields[0] === "Z" || fields[0] === "X") return undefined;
      return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}:${fields[19]}`;
    }
    if (process.platform === "win32") {
      const script = `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`;
      return quiet("powershell", ["-NoProfile", "-NonInteractive", "-Command", script]);
    }
    return quiet("ps", ["-o", "lstart=", "-p", String(pid)]);
  } catch {
    return exists(pid) ? "unknown" : undefined;
  }
}

/** Is this live process a PostgreSQL server on this cluster directory? A server's working directory is its cluster. */
export function servesCluster(pid: number, cluster: string): boolean {
  if (processStart(pid) === undefined) return false;
  try {
    if (process.platform === "linux") {
      return (
        readlinkSync(`/proc/${pid}/cwd`) === cluster &&
        readFileSync(`/proc/${pid}/stat`, "utf8").includes("(postgres)")
      );
    }
    if (process.platform === "win32") return quiet("tasklist", ["/fi", `PID eq ${pid}`]).includes("postgres");
    return quiet("ps", ["-o", "command=", "-p", String(pid)]).includes(cluster);
  } catch {
    return false;
  }
}

/** Waits until the process is gone; false when it still runs after so many milliseconds. */
export async function waitForExit(pid: number, withinMs: number): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(10)) {
    if (processStart(pid) === undefined) return true;
  }
  return processStart(pid) === undefined;
}

/** Does this process id answer at all, be it a zombie or somebody else's? */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Sends the signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (exists(pid)) throw error;
  }
}

const quiet = (command: string, args: string[]) =>
  execFileSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    windowsHide: true,
  }).trim();
