import { SingleBar } from "cli-progress";
import { Command, InvalidArgumentError } from "commander";
import { printReport } from "./print.ts";
import { replay, type ReplayOptions } from "./replay.ts";

interface Flags extends Omit<ReplayOptions, "paths" | "onProgress" | "waitMs"> {
  json?: boolean;
  wait?: number;
}

const number = (text: string): number => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("give a number");
  return value;
};

/** `replay [paths…]`, for the script and for the command line; the exit code is 0 when all was as expected, else 1. */
export const replayCommand = (): Command =>
  new Command("replay")
    .description("Plays recorded provider webhooks at a running service and reports what each of them did.")
    .argument(
      "[paths...]",
      "scenario files, or directories of scenarios or webhooks (default: fixtures/scenarios)",
    )
    .option("--url <url>", "the running service", "http://127.0.0.1:3000")
    .option("--key <key>", "API key", "ck_dev")
    .option("--secret <secret>", "signs the webhooks", "whsec_dev")
    .option("--set <name>", "names the orders: the same set finds the same orders again", "default")
    .option("--order <id>", "send the given webhooks to this order instead of creating orders")
    .option("--speed <n>", "events per second (default: as fast as answers come)", number)
    .option("--shuffle", "in an order that chance decides, across all orders")
    .option("--seed <n>", "decides chance", number, 1)
    .option("--duplicate <rate>", "how many events are sent again, 0 to 1", number, 0)
    .option("--tamper", "also send altered and outdated copies, which must be refused")
    .option("--wait <seconds>", "how long orders may take to become what is expected", number, 30)
    .option("--json", "print the report as JSON")
    .action(async (paths: string[], flags: Flags) => {
      const { json, wait, ...options } = flags;
      const bar =
        json || !process.stderr.isTTY
          ? null
          : new SingleBar({ format: "{bar} {value}/{total} {eta_formatted}" });
      const report = await replay({
        ...options,
        paths,
        waitMs: (wait ?? 30) * 1000,
        onProgress: (sent, of) => (sent === 0 ? bar?.start(of, 0) : bar?.update(sent)),
      }).finally(() => bar?.stop());
      if (json) console.log(JSON.stringify(report, null, 2));
      else printReport(report, console.log);
      process.exitCode = report.ok ? 0 : 1;
    });
