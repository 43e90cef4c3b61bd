import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { startProcess, type RunningProcess } from "../../process.ts";
import type { Contender } from "../orders.ts";
import type { Stack } from "../stack.ts";
import { openAccount } from "./account.ts";
import { installed, pinned } from "../installed.ts";
import { counted } from "./tally.ts";

const ROOT = join(import.meta.dirname, "../../..");

/**
 * Restate as it comes: one node with its default partitions and durability, on a folder of its own
 * (https://docs.restate.dev/server/configuration).
 */
export async function startRestate(
  { providerUrl }: Pick<Stack, "providerUrl">,
  say: (line: string) => void,
): Promise<Contender & { stop(): Promise<void> }> {
  const folder = relative(ROOT, await installed("peers/restate", say));
  const data = await mkdtemp(join(tmpdir(), "countersign-bench-restate-"));
  const running: RunningProcess[] = [];
  const stop = async () => {
    for (const each of running.reverse()) await each.stop();
    await rm(data, { recursive: true, force: true });
  };
  try {
    const ports = new Map<string, number>();
    let listening = "";
    const node = await startProcess(
      join(folder, "node_modules/@restatedev/restate-server/lib/index.js"),
      {
        ...{ RESTATE_BASE_DIR: data, RESTATE_BIND_IP: "127.0.0.1", RESTATE_USE_RANDOM_PORTS: "true" },
        ...{
          RESTATE_LISTEN_MODE: "tcp",
          RESTATE_LOG_FILTER: "error,octocrab=off,restate_core::network=info,restate_ingress_http=info",
        },
        ...{ RESTATE_LOG_DISABLE_ANSI_CODES: "true", DO_NOT_TRACK: "1" },
      },
      (line) => {
        listening = /server_name: (\S+)/.exec(line)?.[1] ?? listening;
        const port = /server\.port: (\d+)/.exec(line)?.[1];
        if (port) ports.set(listening, Number(port));
        return ports.has("http-ingress-server") && ports.has("admin-api-server");
      },
      { args: ["--no-logo"] },
    );
    running.push(node);
    const account = await openAccount("restate", providerUrl);
    const server = await startProcess(
      join(folder, "server.js"),
      {
        ...{ BENCH_PROVIDER_URL: providerUrl, BENCH_PROVIDER_KEY: account.key },
        BENCH_SECRET: account.secret,
      },
      (line) => line.startsWith("ready"),
    );
    running.push(server);
    const [tally = "", uri = ""] = server.lines.map((line) => line.split(" ")[1] ?? "");
    await register(`http://127.0.0.1:${ports.get("admin-api-server")}`, uri);
    const url = `http://127.0.0.1:${ports.get("http-ingress-server")}`;
    await account.sendTo(`${url}/webhooks/stripe`);
    const version = await pinned("peers/restate", "@restatedev/restate-server");
    return { name: `Restate ${version}`, url, providerUrl, ...counted(tally), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const REGISTERED_WITHIN_MS = 20_000;

/** Tells Restate where the handlers are; it refuses until its own parts have found each other. */
async function register(admin: string, uri: string): Promise<void> {
  for (const deadline = Date.now() + REGISTERED_WITHIN_MS; ;) {
    const answer = await fetch(`${admin}/deployments`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ uri }),
    }).catch((error: Error) => error);
    if (answer instanceof Response && answer.ok) return;
    if (Date.now() > deadline)
      throw new Error(
        `Restate does not take the handlers: ${answer instanceof Error ? answer.message : await answer.text()}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
