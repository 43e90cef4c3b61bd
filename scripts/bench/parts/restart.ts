import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Part } from "../bench.ts";
import type { Row } from "../row.ts";
import type { Stoppable } from "../scope.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

/** `npm run bench:parked`, whose table says more, run for its figures of a restart. */
export const restart: Part = {
  name: "restart",
  alone: true,
  what: "a restart with 10,000 orders that wait",
  async run({ scope, quick }) {
    const orders = quick ? 500 : 10_000;
    const parked = await scope.start(Promise.resolve(startParked(orders)));
    const text = await parked.output;
    const figure = (what: string) =>
      Number(new RegExp(`^${what}\\s+([\\d.e+]+)`, "m").exec(text)?.[1] ?? NaN);
    const they = /^\d+ waiting orders, (.+)$/m.exec(text)?.[1] ?? "parked";
    const row = (id: string, what: string, unit: string, value: number): Row => ({
      ...{ id, what, unit, value, values: [value] },
      detail: { waiting: orders, they_are: they },
    });
    return [
      row(
        "restart_live",
        "restart until all waiting orders are live",
        "ms",
        figure("restart to all of them live"),
      ),
      row("restart_ready", "the same until ready", "ms", figure("restart to ready")),
      row("parked_memory", "memory of a waiting order", "KiB", figure("resident memory per waiting order")),
      row("parked_wake", "a message wakes its order, p95", "ms", figure("a message wakes its order, p95")),
    ].filter(({ value }) => !Number.isNaN(value));
  },
};

function startParked(orders: number): Stoppable & { output: Promise<string> } {
  const args = [
    "--import",
    import.meta.resolve("tsx"),
    "scripts/bench/parked.ts",
    "--orders",
    String(orders),
  ];
  const child = spawn(process.execPath, args, {
    ...{ cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] },
    env: { ...process.env, NO_COLOR: "1" },
  });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const ended = once(child, "close");
  return {
    output: ended.then(([code]) => {
      if (code !== 0) throw new Error(`the benchmark of waiting orders ended with ${String(code)}`);
      return text;
    }),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGINT");
      await ended;
    },
  };
}
