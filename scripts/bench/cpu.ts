import { readdirSync, readFileSync } from "node:fs";

/** Processor time of a process and of all that it started, in milliseconds. */
export type CpuOf = Record<"service" | "provider" | "postgresql" | "client", number>;

/** The kernel counts in hundredths of a second (`getconf CLK_TCK` is 100 wherever Linux runs Node). */
const TICK_MS = 10;

interface Entry {
  pid: number;
  parent: number;
  command: string;
  ms: number;
}

/** Null where there is no /proc. Unlike times, these figures hardly depend on what else the machine does. */
export function cpuTimes(service: number, postgres: number): CpuOf | null {
  const entries = processes();
  const one = (pid: number) => entries.find((entry) => entry.pid === pid)?.ms ?? 0;
  if (one(service) === 0) return null;
  const below = (pid: number) => entries.filter((entry) => entry.parent === pid);
  const provider = below(service).filter(({ command }) => command.includes("mock-provider"));
  const sum = (list: Entry[]) => list.reduce((total, { ms }) => total + ms, 0);
  return {
    service: one(service),
    provider: sum(provider),
    postgresql: one(postgres) + sum(below(postgres)),
    client: one(process.pid),
  };
}

function processes(): Entry[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => readProcess(Number(name)) ?? []);
  } catch {
    return [];
  }
}

/** `man 5 proc_pid_stat`: after the name in parentheses come state, parent, …; 14 to 17 are the times, of children too. */
function readProcess(pid: number): Entry | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
    const ticks = (user ?? 0) + (system ?? 0) + (childUser ?? 0) + (childSystem ?? 0);
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    return { pid, parent: Number(fields[1]), command, ms: ticks * TICK_MS };
  } catch {
    return null; // it has ended
  }
}
