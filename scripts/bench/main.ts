import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import pc from "picocolors";
import { approvalRows, clickToCaptured } from "./approvals.ts";
import { closeClient } from "./client.ts";
import { commitRows, commitsPerSecond, prepareCommits, roundTrips } from "./commits.ts";
import { costPerOrder, costRows, type Cost } from "./cost.ts";
import { round } from "./figures.ts";
import { startHandwritten } from "./handwritten.ts";
import { startHangingEndpoint } from "./hanging.ts";
import { intakeRound, intakeRows, waitingOrders, type Intake } from "./intake.ts";
import { machine, type Machine } from "./machine.ts";
import { countersign, orderRows, ordersRound, type Round } from "./orders.ts";
import type { Row, Settings } from "./row.ts";
import { startProcess } from "../process.ts";
import { startStack, type Stack } from "./stack.ts";

const program = new Command("bench")
  .description("Measures the service, and what its PostgreSQL can do at best, in one run.")
  .option("--quick", "fewer and shorter rounds: shows that everything runs, not how fast")
  .option("--json <file>", "also write {machine, rows, ratios, statements}")
  .option("--profile <dir>", "write a CPU profile of the service there")
  .option("--statements", "also print every statement of an order")
  .parse();
const options = program.opts<{ quick?: boolean; json?: string; profile?: string; statements?: boolean }>();

type Stop = () => Promise<void>;

interface Result {
  machine: Machine;
  rows: Row[];
  ratios: Record<string, number>;
  statements: Cost["list"];
}

/** Contenders and their yardsticks take turns, so that a noisy neighbour troubles all of them alike. */
async function measure(stack: Stack, settings: Settings, stops: Stop[]): Promise<Result> {
  const { pool } = stack;
  const { quick, say } = settings;
  const about = await machine(pool);
  await prepareCommits(pool);
  const ours = countersign(stack, pool);
  const rounds = quick ? 2 : 5;
  const perRound = quick ? 100 : 500;

  say("warming up");
  const hand = await startHandwritten(stack);
  stops.push(() => hand.stop());
  for (const contender of [ours, hand]) await ordersRound(contender, quick ? 60 : 400);
  const orders: Round[] = [];
  const byHand: Round[] = [];
  const commits: number[] = [];
  for (let i = 1; i <= rounds; i++) {
    say(`orders and bare commits, round ${i} of ${rounds}`);
    orders.push(await ordersRound(ours, perRound));
    byHand.push(await ordersRound(hand, perRound));
    commits.push(await commitsPerSecond(pool, settings));
  }
  const trips = await roundTrips(pool, settings);

  say("what an order costs in the database");
  const cost = await costPerOrder(ours, stack, settings);

  say("clicks");
  const clicks = await clickToCaptured(stack, settings);

  const noop = await startProcess("scripts/bench/noop-server.ts", {}, (line) => line.startsWith("ready"));
  stops.push(() => noop.stop());
  const noopUrl = noop.lines[0]?.split(" ")[1] ?? "";
  const hanging = await startHangingEndpoint(stack.url);
  stops.push(() => hanging.stop());
  const intake: Record<"noop" | "known" | "unknown" | "hanging", Intake[]> = {
    noop: [],
    known: [],
    unknown: [],
    hanging: [],
  };
  const waiting = await waitingOrders(stack.url, quick ? 20 : 100);
  await intakeRound(noopUrl, settings);
  await intakeRound(stack.url, settings, waiting);
  for (let i = 1; i <= rounds; i++) {
    say(`webhook intake, round ${i} of ${rounds}`);
    intake.noop.push(await intakeRound(noopUrl, settings));
    intake.known.push(await intakeRound(stack.url, settings, waiting));
    intake.unknown.push(await intakeRound(stack.url, settings));
    // Some deliveries are under way to an endpoint that does not answer, and more wait behind them.
    await hanging.enable(true);
    await ordersRound(ours, quick ? 20 : 100);
    intake.hanging.push(await intakeRound(stack.url, settings, waiting));
    await hanging.enable(false);
  }

  const rows = [
    ...orderRows("countersign", orders),
    ...orderRows("handwritten", byHand),
    ...commitRows(commits, trips),
    ...costRows(cost),
    ...approvalRows(clicks),
    ...intakeRows("intake_known", "webhooks for orders that wait, stored, sent and acted upon", intake.known),
    ...intakeRows("intake_hanging", "the same while a merchant's endpoint hangs", intake.hanging),
    ...intakeRows("intake_unknown", "webhooks of no order, stored and parked", intake.unknown),
    ...intakeRows("intake_noop", "the same check in Koa, nothing stored", intake.noop),
  ];
  return { machine: about, rows, ratios: ratiosOf(rows), statements: cost.list };
}

/** Ratios hold from machine to machine; the figures themselves do not. */
function ratiosOf(rows: Row[]): Record<string, number> {
  const of = (id: string) => rows.find((row) => row.id === id)?.value ?? NaN;
  return {
    orders_vs_handwritten: of("orders_countersign") / of("orders_handwritten"),
    orders_vs_bare_commits: of("orders_countersign") / of("bare_commits"),
    intake_vs_noop: of("intake_unknown") / of("intake_noop"),
    intake_hanging_vs_calm: of("intake_hanging") / of("intake_known"),
    intake_known_vs_noop: of("intake_known") / of("intake_noop"),
    intake_vs_bare_commits: of("intake_unknown") / of("bare_commits"),
    click_to_captured_vs_bare_round_trip: of("click_to_captured") / of("bare_round_trip"),
    commits_per_order: of("commits_per_order"),
    statements_per_order: of("statements_per_order"),
  };
}

function print({ machine: on, rows, ratios, statements }: Result): void {
  const width = Math.max(...rows.map(({ what }) => what.length));
  console.log(
    `\n${on.cores} cores of ${on.cpu}, load ${on.load_at_start} at start, Node ${on.node}, PostgreSQL ${on.postgresql}\n`,
  );
  if (Number(on.load_at_start) > on.cores / 4)
    console.log(pc.yellow("Others use this machine: ratios are indicative, absolute figures mean little.\n"));
  for (const { what, unit, value, values, detail } of rows) {
    const spread = values.length > 1 ? `  ${round(Math.min(...values))}–${round(Math.max(...values))}` : "";
    const more = Object.entries(detail ?? {}).map(([name, figure]) => `${name} ${figure}`);
    console.log(
      `${what.padEnd(width)}  ${pc.bold(String(round(value)).padStart(7))} ${unit.padEnd(9)}${pc.dim([spread, ...more].join("  "))}`,
    );
  }
  console.log("");
  for (const [name, value] of Object.entries(ratios))
    console.log(`${name.padEnd(width)}  ${pc.bold(String(round(value)).padStart(7))}`);
  const shown = options.statements ? statements : statements.slice(0, 5);
  console.log(`\nper order in PostgreSQL: planning ms, execution ms, calls, statement`);
  for (const { query, calls_per_order, plan_ms_per_order, ms_per_order } of shown)
    console.log(
      `${plan_ms_per_order.toFixed(3).padStart(8)} ${ms_per_order.toFixed(3).padStart(8)} ${calls_per_order.toFixed(2).padStart(7)}  ${query.slice(0, options.statements ? 160 : 90)}`,
    );
}

const stops: Stop[] = [];
const stopAll = async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
};
process.once("SIGINT", () => void stopAll().finally(() => process.exit(130)));
try {
  const stack = await startStack(options.profile ?? null);
  stops.push(() => stack.stop());
  const say = (line: string) => console.error(pc.dim(line));
  const result = await measure(stack, { quick: options.quick ?? false, say }, stops);
  print(result);
  if (options.json) await writeFile(options.json, `${JSON.stringify(result, null, 2)}\n`);
} finally {
  closeClient();
  await stopAll();
}
