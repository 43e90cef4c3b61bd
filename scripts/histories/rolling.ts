import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Command, InvalidArgumentError } from "commander";
import pc from "picocolors";
import type { OrderView } from "../../src/domain/order-view.ts";
import { judge, type Played } from "../crash/judge.ts";
import { live } from "../crash/lives.ts";
import { patientPeople } from "../crash/people.ts";
import { startStage, type PartName, type Stage } from "../crash/stage.ts";
import type { People, Story } from "../crash/stories.ts";

// A rolling upgrade: two processes of an earlier release are replaced by two of this one, one after the other, under load and with
// orders and approvals open. For a while both versions work on one database, on the schema of the newer one.

const ROOT = resolve(import.meta.dirname, "../..");
/** The commit of release 0.1.0. */
const PREVIOUS = "87c2b92";

const seconds = (text: string): number => {
  const value = Number(text);
  if (!(value >= 1)) throw new InvalidArgumentError("write seconds, from 1");
  return value;
};
const options = new Command("test:upgrade")
  .description(
    "Upgrades two processes of an earlier release one after the other, under load, and looks what became of all orders.",
  )
  .option("--from <commit>", "the release before", PREVIOUS)
  .option("--each <s>", "seconds under load with old ones, with both, and with new ones", seconds, 15)
  .option("--side-by-side <n>", "orders under way at once", seconds, 4)
  .option("--kill", "while both run, the new one is killed and the old one takes over what it had", false)
  .parse()
  .opts<{ from: string; each: number; sideBySide: number; kill: boolean }>();

const PATIENCE_MS = 60_000;
const say = (line: string) => console.error(pc.dim(line));
const run = promisify(execFile);

/** The release's files and our packages. @returns null where the history does not reach so far back, as in a shallow clone */
async function checkOut(commit: string, folder: string): Promise<boolean> {
  const archive = join(folder, "release.tar");
  try {
    await run("git", ["archive", "--output", archive, commit], { cwd: ROOT });
  } catch {
    return false;
  }
  await run("tar", ["-xf", archive, "-C", folder]);
  await rm(archive);
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return true;
}

/** What is open before the upgrade begins, and ends only after it. */
const WAITING: readonly (Story & { finish(people: People, order: OrderView): Promise<void> })[] = [
  {
    name: "waits for its customer",
    ends: ["completed"],
    play: (people) => people.create({ amount: 1250, currency: "usd" }),
    finish: (people, order) => people.pay(order),
  },
  {
    name: "waits for its approver, who has the link",
    ends: ["completed"],
    async play(people) {
      const order = await people.create({ amount: 125_000, currency: "usd" });
      await people.pay(order);
      return people.until(order, ({ approval }) => approval !== null);
    },
    finish: (people, order) => people.decide(order, "approve"),
  },
  {
    name: "waits for the merchant to capture",
    ends: ["completed"],
    async play(people) {
      const body = { amount: 1250, currency: "usd", payment: { mode: "checkout", capture: "manual" } };
      const order = await people.create(body);
      await people.pay(order);
      return people.until(order, ({ status }) => status === "authorized");
    },
    finish: (people, { id }) =>
      people.post(`/v1/orders/${id}/messages`, { topic: "capture", message: { amount: 1000 } }),
  },
  {
    name: "was completed, and is refunded",
    ends: ["refunded"],
    async play(people) {
      const payment = { mode: "confirm", payment_method: "pm_card_visa" };
      const order = await people.create({ amount: 1250, currency: "usd", payment });
      return people.until(order, ({ status }) => status === "completed");
    },
    finish: (people, { id }) =>
      people.post(`/v1/orders/${id}/refunds`, { amount: 1250, reason: "not wanted" }),
  },
];

async function upgrade(stage: Stage, old: Set<PartName>): Promise<boolean> {
  const stop = new AbortController();
  const patience = new AbortController();
  const played: Played[] = [];
  say("two of the earlier release, under load");
  const open = await Promise.all(
    WAITING.map(async (story, n) => {
      const people = patientPeople(stage, `PO-open-${n}`, patience.signal);
      return { story, people, order: await story.play(people) };
    }),
  );
  const load = { sideBySide: options.sideBySide, stop: stop.signal, patience: patience.signal };
  const lives = live(stage, played, load);
  const pass = () => sleep(options.each * 1_000);
  const phases: string[] = [];
  const note = (what: string, before: number) => phases.push(`${what} ${played.length - before}`);
  await pass();
  note("old", 0);

  let before = played.length;
  const replace = async (name: PartName) => {
    await stage.parts[name].leave();
    old.delete(name);
    await stage.parts[name].start();
  };
  say("one of them is replaced");
  await replace("service-b");
  if (options.kill) {
    await sleep((options.each * 1_000) / 2);
    say("the new one is killed");
    await stage.parts["service-b"].kill();
    await pass();
    await stage.parts["service-b"].start();
  }
  await pass();
  note("both", before);

  before = played.length;
  say("the other one is replaced");
  await replace("service-a");
  await pass();
  note("new", before);

  say("finishing what was open all the while");
  stop.abort();
  const timer = setTimeout(() => patience.abort(new Error("it has not ended")), PATIENCE_MS);
  const failed = await lives;
  for (const { story, people, order } of open)
    try {
      await story.finish(people, order);
      const ended = await people.until(order, (view) => story.ends.some((end) => end === view.status));
      played.push({ story, order: ended });
    } catch (error) {
      failed.push(`${order.id} (${story.name}): ${error instanceof Error ? error.message : String(error)}`);
    }
  clearTimeout(timer);
  const { lost, doubled } = await judge(stage, played);
  for (const line of [...failed, ...lost]) console.log(`lost: ${line}`);
  for (const line of doubled) console.log(`doubled: ${line}`);
  console.log(
    `orders ${played.length + failed.length} (ended under ${phases.join(", ")}; open throughout ${open.length}), ` +
      `lost ${failed.length + lost.length}, doubled ${doubled.length}`,
  );
  return failed.length + lost.length + doubled.length === 0;
}

const folder = await mkdtemp(join(tmpdir(), "countersign-release-"));
try {
  if (await checkOut(options.from, folder)) {
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
      version: string;
    };
    say(`from ${version} (${options.from})`);
    const old = new Set<PartName>(["service-a", "service-b"]);
    const stage = await startStage({}, (name) => (old.has(name) ? folder : undefined));
    try {
      process.exitCode = (await upgrade(stage, old)) ? 0 : 1;
    } finally {
      await stage.stop();
    }
  } else console.log(`skipped: this clone has no commit ${options.from}; git fetch --unshallow brings it`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
