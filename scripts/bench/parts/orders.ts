import type { Bench, Part } from "../bench.ts";
import { commitRows, commitsPerSecond, prepareCommits, roundTrips } from "../commits.ts";
import { startHandwritten } from "../handwritten.ts";
import { orderRows, ordersRound, type Contender, type Round } from "../orders.ts";
import { startGraphileWorker } from "../peers/graphile-worker.ts";
import { startRestate } from "../peers/restate.ts";
import { startWorkflow } from "../peers/workflow.ts";
import type { Row } from "../row.ts";

/** By the id of its row. */
type Contenders = Map<string, Contender>;

/** Contenders and bare commits take turns, so that a noisy neighbour troubles all of them alike. */
export const orders: Part = {
  name: "orders",
  what: "orders/s beside the hand-written state machine, other engines and bare commits",
  async run(bench) {
    const { pool } = await bench.stack();
    await prepareCommits(pool);
    const contenders = await start(bench);
    const rounds = bench.quick ? 2 : 5;
    const counts = new Map<string, number>();
    for (const [id, contender] of contenders) counts.set(id, await warmUp(contender, bench));
    const results = new Map<string, Round[]>([...contenders.keys()].map((id) => [id, []]));
    const commits: number[] = [];
    for (let i = 1; i <= rounds; i++) {
      bench.say(`orders and bare commits, round ${i} of ${rounds}`);
      for (const [id, contender] of contenders)
        results.get(id)?.push(await ordersRound(contender, counts.get(id) ?? 0));
      commits.push(await commitsPerSecond(pool, bench));
    }
    const named = (id: string, row: Row): Row => ({
      ...row,
      id: `orders_${id}`,
      what: `payment-only order over HTTP, created to completed: ${nameOf(id, contenders)}`,
    });
    return [
      ...[...results].flatMap(([id, list]) => orderRows(id, list).map((row) => named(id, row))),
      ...commitRows(commits, await roundTrips(pool, bench)),
    ];
  },
};

const nameOf = (id: string, contenders: Contenders) =>
  id === "handwritten" ? "by hand on bare pg" : (contenders.get(id)?.name ?? id);

/**
 * A peer compiles, fills its caches and grows its tables first. @returns how many orders are a round: so many that its beginning and
 * its end, where fewer than all are under way, weigh little
 */
async function warmUp(contender: Contender, { quick, say }: Bench): Promise<number> {
  say(`warming up ${contender.name}`);
  const [ms, step] = quick ? [1_000, 30] : [5_000, 100];
  const started = performance.now();
  let last = await ordersRound(contender, step / 2);
  while (performance.now() - started < ms) last = await ordersRound(contender, step);
  return Math.max(quick ? 20 : 300, Math.ceil(last.per_s * (quick ? 1 : 8)));
}

/** A peer that cannot be installed here is said to be missing, and the others run. */
async function start({ scope, say, stack: getStack, ours }: Bench): Promise<Contenders> {
  const stack = await getStack();
  const contenders: Contenders = new Map([
    ["countersign", await ours()],
    ["handwritten", await scope.start(startHandwritten(stack))],
  ]);
  const peers = {
    restate: startRestate,
    graphile_worker: startGraphileWorker,
    workflow: startWorkflow,
  };
  for (const [id, startPeer] of Object.entries(peers)) {
    try {
      contenders.set(id, await scope.start(startPeer(stack, say)));
    } catch (error) {
      say(
        `${id} does not run here and is left out: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  return contenders;
}
