import type { Part } from "../bench.ts";
import { costPerOrder, costRows } from "../cost.ts";
import { ordersRound } from "../orders.ts";
import { round } from "../figures.ts";

/** What one order costs in the database, with its dearest statements for who reads along. */
export const cost: Part = {
  name: "cost",
  what: "commits, statements, log and processor time of an order",
  async run(bench) {
    const [stack, ours] = [await bench.stack(), await bench.ours()];
    await ordersRound(ours, 20);
    const measured = await costPerOrder(ours, stack, bench);
    for (const { query, calls_per_order, plan_ms_per_order, ms_per_order } of measured.list.slice(
      0,
      bench.statements ? undefined : 5,
    ))
      bench.say(
        `${round(plan_ms_per_order)} + ${round(ms_per_order)} ms, ${round(calls_per_order)} times: ${query.slice(0, bench.statements ? 200 : 100)}`,
      );
    return costRows(measured);
  },
};
