import { setTimeout as sleep } from "node:timers/promises";
import type { PartName, Stage } from "./stage.ts";

type Blow = readonly [often: number, victims: readonly PartName[]];

/** What may go at once, and how often it does. */
const BLOWS: readonly Blow[] = [
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
  ...["publish#2", "publish#3", "publish#5", "publish#8", "sleep"],
];
/** Every point at which a service kills itself. */
const STEPS = EFFECTS.flatMap((name) => [`${name}:before`, `${name}:after`]);

/** How long a named step is waited for before the service is killed anyhow. */
const STEP_WITHIN_MS = 4_000;
const LONGEST_BETWEEN_MS = 1_500;
const LONGEST_DOWN_MS = 1_500;

interface Torment {
  /** How many processes are killed; a blow that takes several counts as so many. */
  kills: number;
  /** No more of them after this moment. */
  until: number;
  /** The services on one side, what they stand on on the other, each without a look at what befalls the other side. */
  dense: boolean;
  chance: () => number;
  onKill: (killed: number, what: string) => void;
}

/** Kills parts at any time and at every named step in turn, until so many processes were killed. @returns how many */
export async function torment(
  stage: Stage,
  { kills, until, dense, chance, onKill }: Torment,
): Promise<number> {
  let killed = 0;
  const count = (what: string, processes: number) => onKill((killed += processes), what);
  const side = async (blows: readonly Blow[], atSteps: boolean) => {
    for (let round = 0; killed < kills && Date.now() < until; round++) {
      await sleep(chance() * LONGEST_BETWEEN_MS);
      // Every second blow to a service is one at a step, so that a short run comes to many of them too.
      const victims =
        atSteps && round % 2 === 1
          ? await atStep(stage, (round - 1) / 2, chance, (name) => count(`${name}, to start anew`, 1))
          : chosen(blows, chance);
      await Promise.all(victims.map((name) => stage.parts[name].kill()));
      count(victims.join(" and "), victims.length);
      await sleep(chance() * LONGEST_DOWN_MS);
      await Promise.all(victims.map((name) => stage.parts[name].start()));
    }
  };
  if (dense) {
    const hits = (isService: boolean) => (name: PartName) => name.startsWith("service") === isService;
    const only = (isService: boolean) => BLOWS.filter(([, victims]) => victims.every(hits(isService)));
    await Promise.all([side(only(true), true), side(only(false), false)]);
  } else await side(BLOWS, true);
  return killed;
}

/** A service that dies at the next step in turn; the other one goes on, or is started behind it. */
async function atStep(
  stage: Stage,
  turn: number,
  chance: () => number,
  onKill: (name: PartName) => void,
): Promise<readonly PartName[]> {
  const step = STEPS[turn % STEPS.length] ?? "";
  const name: PartName = chance() < 0.5 ? "service-a" : "service-b";
  const part = stage.parts[name];
  await part.kill();
  onKill(name);
  await part.start(step);
  await Promise.race([part.ended(), sleep(STEP_WITHIN_MS)]);
  return [name];
}

function chosen(blows: readonly Blow[], chance: () => number): readonly PartName[] {
  let left = chance() * blows.reduce((sum, [often]) => sum + often, 0);
  return blows.find(([often]) => (left -= often) < 0)?.[1] ?? ["service-a"];
}
