import { setTimeout as sleep } from "node:timers/promises";
import type { PartName, Stage } from "./stage.ts";

/** What may go at once, and how often it does. */
const BLOWS: readonly [often: number, victims: readonly PartName[]][] = [
  [5, ["service-a"]],
  [5, ["service-b"]],
  [4, ["service-a", "service-b"]],
  [3, ["database"]],
  [3, ["provider"]],
  [2, ["mail"]],
  [2, ["service-a", "database"]],
  [2, ["service-b", "provider"]],
  [1, ["database", "provider", "mail"]],
  [1, ["service-a", "service-b", "database", "provider", "mail"]],
];

const EFFECTS = [
  ...["open_payment", "open_approval", "mail", "mail#2", "report", "capture", "void", "refund", "publish"],
  ...["publish#2", "publish#3", "publish#5", "publish#8"],
];
/** Every point at which a service kills itself. */
const STEPS = EFFECTS.flatMap((name) => [`${name}:before`, `${name}:after`]);

/** How long a named step is waited for before the service is killed anyhow. */
const STEP_WITHIN_MS = 6_000;
const LONGEST_BETWEEN_MS = 1_500;
const LONGEST_DOWN_MS = 1_500;

/** Kills parts at any time and at every named step in turn, until so many processes were killed. @returns how many */
export async function torment(
  stage: Stage,
  kills: number,
  chance: () => number,
  onKill: (killed: number, what: string) => void,
): Promise<number> {
  let killed = 0;
  for (let round = 0; killed < kills; round++) {
    await sleep(chance() * LONGEST_BETWEEN_MS);
    // Every second blow to a service is one at a step, so that a short run comes to many of them too.
    const victims = round % 2 === 0 ? chosen(chance) : await atStep(stage, round, chance);
    await Promise.all(victims.map((name) => stage.parts[name].kill()));
    killed += victims.length;
    onKill(killed, victims.join(" and "));
    await sleep(chance() * LONGEST_DOWN_MS);
    await Promise.all(victims.map((name) => stage.parts[name].start()));
  }
  return killed;
}

/** A service that dies at the next step in turn; the other one goes on, or is started behind it. */
async function atStep(stage: Stage, round: number, chance: () => number): Promise<readonly PartName[]> {
  const step = STEPS[((round - 1) / 2) % STEPS.length] ?? "";
  const name: PartName = chance() < 0.5 ? "service-a" : "service-b";
  const part = stage.parts[name];
  await part.kill();
  await part.start(step);
  await Promise.race([part.ended(), sleep(STEP_WITHIN_MS)]);
  return [name];
}

function chosen(chance: () => number): readonly PartName[] {
  let left = chance() * BLOWS.reduce((sum, [often]) => sum + often, 0);
  return BLOWS.find(([often]) => (left -= often) < 0)?.[1] ?? ["service-a"];
}
