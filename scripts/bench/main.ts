import { writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import type { Bench, Part } from "./bench.ts";
import { closeClient } from "./client.ts";
import { machine } from "./machine.ts";
import { countersign } from "./orders.ts";
import { boot } from "./parts/boot.ts";
import { clicks } from "./parts/clicks.ts";
import { cost } from "./parts/cost.ts";
import { install } from "./parts/install.ts";
import { intake } from "./parts/intake.ts";
import { orders } from "./parts/orders.ts";
import { reads } from "./parts/reads.ts";
import { restart } from "./parts/restart.ts";
import { status } from "./parts/status.ts";
import { waits } from "./parts/waits.ts";
import { print } from "./print.ts";
import { ratiosOf } from "./ratios.ts";
import type { Row } from "./row.ts";
import { createScope, Interrupted, type Scope } from "./scope.ts";
import { startStack, type Stack } from "./stack.ts";

const PARTS: readonly Part[] = [orders, cost, clicks, intake, status, waits, reads, restart, boot, install];

const parts = (text: string): readonly Part[] =>
  text.split(",").map((name) => {
    const part = PARTS.find((each) => each.name === name.trim());
    if (!part) throw new InvalidArgumentError(`there are ${PARTS.map((each) => each.name).join(", ")}`);
    return part;
  });

const options = new Command("bench")
  .description(
    `Measures the service beside others that do the same, and what its PostgreSQL can do at best, in one run.\n\n${PARTS.map(({ name, what }) => `  ${name.padEnd(8)} ${what}`).join("\n")}`,
  )
  .option("--quick", "fewer and shorter rounds: shows that everything runs, not how fast")
  .option("--only <parts>", "some of them, with commas between", parts, PARTS)
  .option("--json <file>", "also write {machine, rows, ratios}")
  .option("--statements", "also say every statement of an order")
  .option("--profile <dir>", "write a CPU profile of the service there")
  .parse()
  .opts<{ quick?: boolean; only: readonly Part[]; json?: string; profile?: string; statements?: boolean }>();

const say = (line: string) => console.error(pc.dim(line));

/** One service for the parts that share it, started when the first asks for it. */
function shared(scope: Scope) {
  let stack: Promise<Stack> | null = null;
  return {
    get: () => (stack ??= scope.start(startStack(options.profile ?? null))),
    async end() {
      await (await stack)?.stop();
      stack = null;
    },
  };
}

async function measure(scope: Scope): Promise<{ rows: Row[]; failed: string[] }> {
  const rows: Row[] = [];
  const failed: string[] = [];
  const stack = shared(scope);
  for (const part of options.only) {
    const began = performance.now();
    // Ends with the part, or with the run when that is interrupted.
    const own = createScope();
    await scope.start(Promise.resolve({ stop: () => own.end() }));
    const ours = async () => countersign(await stack.get(), (await stack.get()).pool);
    const { quick = false, statements = false } = options;
    const bench: Bench = { quick, statements, say, scope: own, stack: stack.get, ours };
    if (part.alone) await stack.end();
    try {
      rows.push(...(await part.run(bench)));
      say(`${part.name}: ${Math.round((performance.now() - began) / 1000)} s`);
    } catch (error) {
      if (error instanceof Interrupted || interrupted) throw error;
      failed.push(part.name);
      console.error(pc.red(`${part.name} failed: ${error instanceof Error ? error.stack : String(error)}`));
    } finally {
      await own.end();
    }
  }
  return { rows, failed };
}

let interrupted = false;
const scope = createScope();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    interrupted = true;
    say("ending what was started");
    void scope.end().finally(() => process.exit(signal === "SIGINT" ? 130 : 143));
  });
try {
  const stack = await scope.start(startStack());
  const about = await machine(stack.pool);
  await stack.stop();
  const { rows, failed } = await measure(scope);
  const result = { machine: about, rows, ratios: ratiosOf(rows) };
  print(result);
  if (options.json) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (failed.length > 0) process.exitCode = 1;
} catch (error) {
  if (!interrupted) throw error;
} finally {
  closeClient();
  await scope.end();
}
