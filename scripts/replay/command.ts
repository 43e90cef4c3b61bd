import { SingleBar } from "cli-progress";
import { Command, InvalidArgumentError } from "commander";
import { playApiFixtures } from "./api-fixtures.ts";
import { splitPaths } from "./fixtures.ts";
import { printApiReport, printReport } from "./print.ts";
import { DEFAULT_URL, replay, type ReplayOptions } from "./replay.ts";
import { createTarget } from "./target.ts";

interface Flags extends Omit<ReplayOptions, "paths" | "onProgress" | "waitMs"> {
  json?: boolean;
  wait?: number;
  provider: string;
  providerKey: string;
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
      "scenario files, directories of scenarios or webhooks, or fixtures of the Stripe CLI (default: fixtures/scenarios)",
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
    .option(
      "--provider <url>",
      "where files of requests to the provider's API are played",
      "http://127.0.0.1:4242",
    )
    .option("--provider-key <key>", "key of that API", "sk_test_mock")
    .action(async (paths: string[], flags: Flags) => {
      const { json, wait, provider, providerKey, ...options } = flags;
      const waitMs = (wait ?? 30) * 1000;
      const { api, rest } = await splitPaths(paths);
      const write = (line: string) => (json ? undefined : console.log(line));
      const target = createTarget({ url: flags.url ?? DEFAULT_URL, key: flags.key ?? "ck_dev" });
      const played = [];
      for (const { file, fixtures } of api) {
        const order = flags.order ?? null;
        const report = await playApiFixtures(fixtures, {
          ...{ file, provider, providerKey, target, order, env: process.env, waitMs },
        });
        printApiReport(file, report, write);
        played.push({ file, ...report });
      }
      const report =
        api.length > 0 && rest.length === 0
          ? null
          : await playScenarios(rest, options, waitMs, json ?? false);
      if (json) console.log(JSON.stringify(api.length > 0 ? { ...report, api: played } : report, null, 2));
      else if (report) printReport(report, console.log);
      process.exitCode = played.every(({ ok }) => ok) && (report?.ok ?? true) ? 0 : 1;
    });

async function playScenarios(paths: string[], options: ReplayOptions, waitMs: number, json: boolean) {
  const bar =
    json || !process.stderr.isTTY ? null : new SingleBar({ format: "{bar} {value}/{total} {eta_formatted}" });
  return replay({
    ...options,
    paths,
    waitMs,
    onProgress: (sent, of) => (sent === 0 ? bar?.start(of, 0) : bar?.update(sent)),
  }).finally(() => bar?.stop());
}
