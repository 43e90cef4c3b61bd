import { Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import { seeded } from "../replay/chance.ts";
import { judge, type Played } from "./judge.ts";
import { live } from "./lives.ts";
import { startStage, type Stage } from "./stage.ts";
import { torment } from "./torment.ts";

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("write a whole number from 1");
  return value;
};

const options = new Command("test:crash")
  .description(
    "Kills services, database, provider and mail server while orders are under way, and looks what became of them.",
  )
  .option("--kills <n>", "how many processes are killed", whole, 500)
  .option("--minutes <n>", "no more kills after so many minutes", whole, 24 * 60)
  .option("--dense", "services and what they stand on are killed side by side, not in turn", false)
  .option("--seed <n>", "who is killed when; the same again for the same number", whole, 1)
  .option("--side-by-side <n>", "orders under way at once", whole, 8)
  .option("--calm", "the provider behaves: no lost, late or repeated webhooks, no failing answers", false)
  .parse()
  .opts<{
    kills: number;
    minutes: number;
    dense: boolean;
    seed: number;
    sideBySide: number;
    calm: boolean;
  }>();

const CHAOS = {
  ...{ duplicate: 0.1, reorder: 0.1, delay_ms: 200, drop: 0.05, stale_signature: 0.05, twin_event: 0.1 },
  ...{ error_after: 0.05, hang: 0.01, hang_ms: 1_000, reset: 0.05 },
};

/** An order that has not ended so long after the last kill is lost: an effect that failed many times pauses for five minutes. */
const PATIENCE_MS = 420_000;

const say = (line: string) => console.error(pc.dim(line));

async function run(stage: Stage): Promise<boolean> {
  if (!options.calm)
    await fetch(`${stage.providerUrl}/_mock/chaos`, {
      method: "POST",
      headers: { authorization: `Bearer ${stage.providerKey}`, "content-type": "application/json" },
      body: JSON.stringify({ seed: options.seed, ...CHAOS }),
    });
  const stop = new AbortController();
  const patience = new AbortController();
  const played: Played[] = [];
  const lives = live(stage, played, {
    sideBySide: options.sideBySide,
    stop: stop.signal,
    patience: patience.signal,
  });
  const kills = await torment(stage, {
    kills: options.kills,
    until: Date.now() + options.minutes * 60_000,
    dense: options.dense,
    chance: seeded(options.seed),
    onKill: (killed, what) =>
      say(
        `${String(killed).padStart(String(options.kills).length)} of ${options.kills}: ${what}; ${played.length} orders so far`,
      ),
  });
  say("no more kills; finishing what is under way");
  stop.abort();
  const timer = setTimeout(() => patience.abort(new Error("it has not ended")), PATIENCE_MS);
  const failed = await lives;
  clearTimeout(timer);
  const { lost, doubled } = await judge(stage, played);
  for (const line of [...failed, ...lost]) console.log(`lost: ${line}`);
  for (const line of doubled) console.log(`doubled: ${line}`);
  const orders = played.length + failed.length;
  console.log(
    `orders ${orders}, kills ${kills}, lost ${failed.length + lost.length}, doubled ${doubled.length}`,
  );
  return failed.length + lost.length + doubled.length === 0;
}

say("starting two services, PostgreSQL, the provider and a mail server");
const stage = await startStage();
process.once("SIGINT", () => void stage.stop().finally(() => process.exit(130)));
try {
  process.exitCode = (await run(stage)) ? 0 : 1;
} finally {
  await stage.stop();
}
