import { startProcess } from "../../process.ts";
import type { Part } from "../bench.ts";
import { startHangingEndpoint } from "../hanging.ts";
import { intakeRound, intakeRows, waitingOrders, type Intake } from "../intake.ts";
import { ordersRound } from "../orders.ts";

/** Webhooks from the request to the durable 2xx, beside the same app that stores nothing. */
export const intake: Part = {
  name: "intake",
  what: "webhooks/s beside the same app that stores nothing, also while a merchant's endpoint hangs",
  async run(bench) {
    const { scope, quick, say } = bench;
    const [stack, ours] = [await bench.stack(), await bench.ours()];
    const ready = (line: string) => line.startsWith("ready");
    const noop = await scope.start(startProcess("scripts/bench/noop-server.ts", {}, ready));
    const noopUrl = noop.lines[0]?.split(" ")[1] ?? "";
    const hanging = await scope.start(startHangingEndpoint(stack.url));
    const waiting = await waitingOrders(stack.url, quick ? 20 : 100);
    const results: Record<"noop" | "known" | "unknown" | "hanging", Intake[]> = {
      ...{ noop: [], known: [] },
      ...{ unknown: [], hanging: [] },
    };
    await intakeRound(noopUrl, bench);
    await intakeRound(stack.url, bench, waiting);
    const rounds = quick ? 1 : 3;
    for (let i = 1; i <= rounds; i++) {
      say(`webhook intake, round ${i} of ${rounds}`);
      results.noop.push(await intakeRound(noopUrl, bench));
      results.unknown.push(await intakeRound(stack.url, bench));
      results.known.push(await intakeRound(stack.url, bench, waiting));
      // Some deliveries are under way to an endpoint that does not answer, and more wait behind them.
      await hanging.enable(true);
      await ordersRound(ours, quick ? 20 : 100);
      results.hanging.push(await intakeRound(stack.url, bench, waiting));
      await hanging.enable(false);
    }
    return [
      ...intakeRows(
        "intake_known",
        "webhooks for orders that wait: stored, sent and acted upon",
        results.known,
      ),
      ...intakeRows("intake_hanging", "the same while a merchant's endpoint hangs", results.hanging),
      ...intakeRows("intake_unknown", "webhooks of no order: stored and parked", results.unknown),
      ...intakeRows("intake_noop", "the same check in the same app, nothing stored", results.noop),
    ];
  },
};
