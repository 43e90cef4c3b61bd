import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";

export interface BundledProvider {
  url: string;
  stop(): Promise<void>;
}

interface Options {
  port: number;
  dataDir: string;
  /** Where it sends its webhooks, and signed with what, for which account. */
  webhook: { url: string; secret: string; account: string };
  log: Log;
}

const ENTRY = fileURLToPath(new URL("../mock-provider/main.ts", import.meta.url));
const START_WITHIN_MS = 20_000;
const FIRST_RESTART_MS = 200;
const LONGEST_RESTART_MS = 10_000;

const readyLine = z.looseObject({ ready: z.literal(true), url: z.string() });

/** Runs the bundled mock provider as a process of its own, and starts it again when it dies. */
export async function startBundledProvider(options: Options): Promise<BundledProvider> {
  const { log } = options;
  let stopping = false;
  let current = await start(options, options.port);
  const { url } = current;
  const port = Number(new URL(url).port);

  async function keepAlive(): Promise<void> {
    for (let wait = FIRST_RESTART_MS; !stopping; wait = Math.min(wait * 2, LONGEST_RESTART_MS)) {
      if (current.child.exitCode === null && current.child.signalCode === null)
        await once(current.child, "exit");
      if (stopping) return;
      log.warn({ wait_ms: wait }, "the bundled provider ended; it is started again");
      await sleep(wait);
      try {
        current = await start(options, port);
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
      stopping = true;
      if (current.child.exitCode === null && current.child.signalCode === null) {
        current.child.kill("SIGTERM");
        await once(current.child, "exit");
      }
      await kept;
    },
  };
}

async function start(
  { dataDir, webhook, log }: Options,
  port: number,
): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(
    process.execPath,
    [
      ...[
        "--import",
        import.meta.resolve("tsx"),
        ENTRY,
        "--port",
        String(port),
        "--host",
        "127.0.0.1",
        "--data-dir",
        dataDir,
      ],
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
