import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { builtEntry } from "./built.ts";
import { CHOSEN } from "./service.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const START_WITHIN_MS = 60_000;

/** The service as a child process, as an operator runs it. */
export interface ServiceProcess {
  pid: number;
  /** Sends a signal, and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
  /** Sends a signal; a stopped process takes none but SIGCONT and SIGKILL. */
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has ended, however it did. */
  ended: Promise<Ended>;
  /** What it wrote so far, both streams. */
  output(): string;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A port that nobody listens on, for whoever must be found again after a restart. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/**
 * Starts the service and waits for the line `ready`.
 * @returns null when it ended before it was ready, as one with an early fault does.
 */
export async function startProcess(env: Record<string, string>): Promise<ServiceProcess | null> {
  const child = spawn(process.execPath, builtEntry("main"), {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...CHOSEN, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let written = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (written += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => (written += text));
  const ended = endOf(child);
  const late = new AbortController();
  const ready = await Promise.race([
    saysReady(child, late.signal),
    ended.then(() => "ended" as const),
    new Promise<"late">((done) => setTimeout(() => done("late"), START_WITHIN_MS).unref()),
  ]);
  late.abort();
  if (ready === "late") {
    child.kill("SIGKILL");
    throw new Error(`the service is not ready after ${START_WITHIN_MS} ms:\n${written}`);
  }
  if (ready === "ended") {
    const { signal } = await ended;
    if (signal === "SIGKILL") return null;
    throw new Error(`the service does not start:\n${written}`);
  }
  return {
    pid: child.pid ?? 0,
    ended,
    output: () => written,
    signal(name) {
      if (child.exitCode === null && child.signalCode === null) child.kill(name);
    },
    async end(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

async function saysReady(child: ChildProcess, signal: AbortSignal): Promise<"ready"> {
  if (!child.stdout) throw new Error("the child's output is not piped");
  const lines = createInterface(child.stdout);
  return new Promise((done) => {
    lines.on("line", (line) => line === "ready" && done("ready"));
    signal.addEventListener("abort", () => lines.close());
  });
}
