import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";

export interface BundledProvider {
  url: string;
  stop(): Promise<void>;
}

interface Options {
  /** What Node runs: its arguments. */
  entry: string[];
  port: number;
  dataDir: string;
  /** Where it sends its webhooks, and signed with what, for which account. */
  webhook: { url: string; secret: string; account: string };
  /** One that another service on this machine has started is used: both are on one database. */
  shared: boolean;
  log: Log;
}

const START_WITHIN_MS = 20_000;
const FIRST_RESTART_MS = 200;
const LONGEST_RESTART_MS = 10_000;
/** How often one that another process started is looked at. */
const LOOK_EVERY_MS = 500;
const LOOK_WITHIN_MS = 2_000;

const readyLine = z.looseObject({ ready: z.literal(true), url: z.string() });

/** One that runs: ours, or that of another process of ours on this machine. */
interface Running {
  url: string;
  child: ChildProcess | null;
}

/**
 * Runs the bundled mock provider as a process of its own, and starts it again when it dies. Several services on one machine
 * share the one that is there; when it goes with the service that started it, another starts it again.
 */
export async function startBundledProvider(options: Options): Promise<BundledProvider> {
  const { log } = options;
  const stopping = new AbortController();
  let current = await join(options, options.port);
  const { url } = current;
  const port = Number(new URL(url).port);

  async function keepAlive(): Promise<void> {
    for (let wait = FIRST_RESTART_MS; ; wait = Math.min(wait * 2, LONGEST_RESTART_MS)) {
      await goneOf(current, stopping.signal);
      if (stopping.signal.aborted) return;
      log.warn({ wait_ms: wait }, "the bundled provider ended; it is started again");
      await sleep(wait);
      if (stopping.signal.aborted) return;
      try {
        current = await join(options, port);
        wait = FIRST_RESTART_MS;
      } catch (error) {
        log.error({ err: error }, "the bundled provider does not start");
      }
    }
  }
  const kept = keepAlive();

  return {
    url,
    async stop() {
      stopping.abort();
      await kept;
      const { child } = current;
      if (child?.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
    },
  };
}

/** Finds it running already on this port, or starts it. */
async function join(options: Options, port: number): Promise<Running> {
  const found = () => {
    options.log.info({ url }, "a bundled provider runs there already; it is used");
    return { url, child: null };
  };
  const url = `http://127.0.0.1:${port}`;
  const shared = options.shared && port !== 0;
  if (shared && (await isThere(url))) return found();
  try {
    return await start(options, port);
  } catch (error) {
    // Another one of us was faster.
    if (error instanceof AppError && shared && (await isThere(url))) return found();
    throw error;
  }
}

/** Whether a bundled provider answers there. */
const isThere = (url: string): Promise<boolean> =>
  fetch(`${url}/_mock/health`, {
    headers: { authorization: "Bearer sk_test_mock" },
    signal: AbortSignal.timeout(LOOK_WITHIN_MS),
  }).then(
    async (response) => (await response.text()) !== "" && response.ok,
    () => false,
  );

/** Resolves when it has ended, or at once when we stop. */
async function goneOf({ url, child }: Running, stopping: AbortSignal): Promise<void> {
  if (child) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    await once(child, "exit", { signal: stopping }).catch(() => undefined);
    return;
  }
  while (!stopping.aborted && (await isThere(url)))
    await sleep(LOOK_EVERY_MS, undefined, { ref: false, signal: stopping }).catch(() => undefined);
}

async function start(
  { entry, dataDir, webhook, log }: Options,
  port: number,
): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(
    process.execPath,
    [
      ...entry,
      ...["--port", String(port), "--host", "127.0.0.1", "--data-dir", dataDir],
      ...[
        "--webhook-url",
        webhook.url,
        "--webhook-secret",
        webhook.secret,
        "--webhook-account",
        webhook.account,
        "--with-parent",
      ],
    ],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  let trouble = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    trouble = (trouble + text).slice(-2000);
    log.debug({ part: "provider" }, text.trim());
  });
  const url = await Promise.race([
    once(createInterface(child.stdout), "line").then(
      ([line]: string[]) => readyLine.parse(JSON.parse(line ?? "")).url,
    ),
    once(child, "exit").then(() => null),
    sleep(START_WITHIN_MS, null, { ref: false }),
  ]);
  child.stdout.resume();
  if (url !== null) return { child, url };
  child.kill("SIGKILL");
  const taken = trouble.includes("EADDRINUSE");
  throw new AppError(
    "conflict",
    taken
      ? `PROVIDER_PORT: port ${port} is taken; set another, or off with STRIPE_API_BASE`
      : `the bundled provider does not start: ${trouble.trim().split("\n").at(-1) ?? "no reason given"}`,
  );
}
