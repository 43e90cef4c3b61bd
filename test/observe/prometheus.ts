import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { freePort } from "../helpers/process.ts";

export const DEPLOY = resolve(import.meta.dirname, "../../deploy/prometheus");

/** Whether Debian's package is there; `.ci/run` installs it. */
export const hasPrometheus = spawnSync("promtool", ["--version"]).status === 0;

/** Runs promtool in the folder of the rules. @returns what it said, and whether it was content */
export function promtool(...args: string[]): { ok: boolean; said: string } {
  const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: DEPLOY, encoding: "utf8" });
  return { ok: status === 0, said: stdout + stderr };
}

/** A real Prometheus with the configuration that we ship, which scrapes one target, often. */
export async function startPrometheus(target: string) {
  const folder = await mkdtemp(join(tmpdir(), "countersign-prometheus-"));
  const shipped = parse(await readFile(join(DEPLOY, "prometheus.yaml"), "utf8")) as Record<string, object>;
  const config = {
    ...shipped,
    global: { scrape_interval: "250ms", evaluation_interval: "250ms" },
    rule_files: [join(DEPLOY, "alerts.yaml")],
    scrape_configs: [{ job_name: "countersign", static_configs: [{ targets: [new URL(target).host] }] }],
  };
  await writeFile(join(folder, "prometheus.yaml"), stringify(config));
  const port = await freePort();
  const child = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yaml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    return ((await response.json()) as { data: T }).data;
  };
  for (let tries = 0; ; tries++) {
    const ready = await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => null);
    if (ready?.ok) break;
    if (tries === 200 || child.exitCode !== null) throw new Error(`Prometheus does not start:\n${said}`);
    await sleep(50);
  }
  return {
    ask,
    /** The value of an expression now; undefined when nothing matches. */
    async value(expression: string): Promise<number | undefined> {
      const { result } = await ask<{ result: { value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(expression)}`,
      );
      return result[0] && Number(result[0].value[1]);
    },
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
