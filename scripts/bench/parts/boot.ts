import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { buildServiceIfChanged } from "../../build/service.ts";
import type { Part } from "../bench.ts";
import { median } from "../figures.ts";
import type { Row } from "../row.ts";
import type { Stoppable } from "../scope.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

/** `npm start` as a person types it, with everything that comes with it, until it says `ready`. */
export const boot: Part = {
  name: "boot",
  alone: true,
  what: "npm start to ready, in a new directory and in one that is there",
  async run({ scope, quick }) {
    // As `npm ci` leaves it.
    await buildServiceIfChanged();
    const folder = await mkdtemp(join(tmpdir(), "countersign-bench-boot-"));
    await scope.start(
      Promise.resolve({ stop: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }) }),
    );
    const start = async () => {
      const began = performance.now();
      const service = await scope.start(Promise.resolve(npmStart(folder)));
      await service.ready;
      const took = performance.now() - began;
      await service.stop();
      return took;
    };
    const first = await start();
    const again: number[] = [];
    for (let i = 0; i < (quick ? 2 : 5); i++) again.push(await start());
    const row = (id: string, what: string, values: number[]): Row => ({
      ...{ id, what, unit: "ms", value: median(values), values },
    });
    return [
      row("boot", "npm start on an initialised directory, to ready", again),
      row("boot_first", "npm start in an empty directory, to ready", [first]),
    ];
  },
};

/** In a process group of its own, since npm stands between us and the service. */
function npmStart(folder: string): Stoppable & { ready: Promise<void> } {
  const child = spawn("npm", ["start"], {
    ...{ cwd: ROOT, detached: true, stdio: ["ignore", "pipe", "ignore"] },
    env: { ...process.env, DATA_DIR: folder, PORT: "0", PROVIDER_PORT: "0", LOG_LEVEL: "error" },
  });
  // npm ends before the service does; the service and its provider hold this pipe.
  const ended = once(child, "close");
  const ready = new Promise<void>((done, failed) => {
    if (child.stdout)
      createInterface(child.stdout).on("line", (line) => {
        if (line === "ready") done();
      });
    ended.then(() => failed(new Error("npm start ended before it was ready")), failed);
  });
  ready.catch(() => {});
  return {
    ready,
    async stop() {
      if (child.exitCode === null && child.signalCode === null && child.pid)
        process.kill(-child.pid, "SIGTERM");
      await ended;
    },
  };
}
