import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { buildServiceIfChanged, ENTRIES } from "./build/service.ts";

const ROOT = resolve(import.meta.dirname, "..");

/** As `npm start` and the image run Node: see docs/performance/intake.md. Contenders of the benchmark are given the same. */
const AS_STARTED = ["--max-semi-space-size=64"];

export interface RunningProcess {
  child: ChildProcess;
  lines: string[];
  /** Resolves when it has ended, however it did. */
  ended: Promise<void>;
  /** Asks it to end, or kills it, and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** What Node runs of a file: in a run of the tests, what was built for it of our entries. */
function commandOf(file: string): string[] {
  if (file.startsWith("bin/")) return [file];
  const built = process.env["COUNTERSIGN_BUILT"];
  const name = Object.entries(ENTRIES).find(([, path]) => path === file)?.[0];
  return built !== undefined && name !== undefined
    ? [join(built, `${name}.js`)]
    : ["--import", import.meta.resolve("tsx"), file];
}

/**
 * Runs a file of ours until it says that it is ready; of another checkout when `cwd` is one.
 * @throws when it ends before
 */
export async function startProcess(
  file: string,
  env: Record<string, string>,
  isReady: (line: string) => boolean,
  { nodeArgs = [], args = [], cwd = ROOT }: { nodeArgs?: string[]; args?: string[]; cwd?: string } = {},
): Promise<RunningProcess> {
  const command = cwd === ROOT ? commandOf(file) : ["--import", import.meta.resolve("tsx"), file];
  const child = spawn(process.execPath, [...AS_STARTED, ...nodeArgs, ...command, ...args], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const ended = once(child, "exit");
  const output = createInterface(child.stdout);
  const ready = new Promise<void>((done) =>
    output.on("line", (line) => {
      lines.push(line);
      if (isReady(line)) done();
    }),
  );
  const early = ended.then(([code, signal]: (number | string | null)[]) => {
    throw new Error(`${file} ended with ${code ?? signal ?? "nothing"} before it was ready`);
  });
  await Promise.race([ready, early]);
  early.catch(() => {});
  return {
    child,
    lines,
    ended: ended.then(() => {}),
    async stop(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
    },
  };
}

/** The service as `npm start` runs it, which is what was built of the sources, until it is ready. */
export async function startService(
  env: Record<string, string>,
  options: { nodeArgs?: string[] } = {},
): Promise<RunningProcess> {
  await buildServiceIfChanged();
  return startProcess("bin/start.js", env, (line) => line === "ready", options);
}
