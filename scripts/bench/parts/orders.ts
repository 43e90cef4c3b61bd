import type { Bench, Part } from "../bench.ts";
import { commitRows, commitsPerSecond, prepareCommits, roundTrips } from "../commits.ts";
import { startHandwritten } from "../handwritten.ts";
import { orderRows, ordersRound, type Contender, type Round } from "../orders.ts";
import { startGraphileWorker } from "../peers/graphile-worker.ts";
import { startRestate } from "../peers/restate.ts";
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
    const [rounds, perRound] = bench.quick ? [2, 60] : [5, 400];
    bench.say("warming up");
    for (const contender of contenders.values()) await ordersRound(contender, bench.quick ? 40 : 300);
    const results = new Map<string, Round[]>([...contenders.keys()].map((id) => [id, []]));
    const commits: number[] = [];
    for (let i = 1; i <= rounds; i++) {
      bench.say(`orders and bare commits, round ${i} of ${rounds}`);
      for (const [id, contender] of contenders) results.get(id)?.push(await ordersRound(contender, perRound));
      commits.push(await commitsPerSecond(pool, bench));
    }
    const named = (id: string, row: Row): Row => ({
      ...row,
      id: `orders_${id}`,
      what: `payment-only order over HTTP, created to completed: ${contenders.get(id)?.name}`,
    });
    return [
      ...[...results].flatMap(([id, list]) => orderRows(id, list).map((row) => named(id, row))),
      ...commitRows(commits, await roundTrips(pool, bench)),
    ];
  },
};

/** A peer that cannot be installed here is said to be missing, and the others run. */
async function start({ scope, say, stack: getStack, ours }: Bench): Promise<Contenders> {
  const stack = await getStack();
  const contenders: Contenders = new Map([
    ["countersign", await ours()],
    ["handwritten", await scope.start(startHandwritten(stack))],
  ]);
  const peers = { restate: startRestate, graphile_worker: startGraphileWorker };
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
