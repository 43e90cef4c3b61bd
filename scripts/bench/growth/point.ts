import { commitsPerSecond } from "../commits.ts";
import type { Database } from "../database.ts";
import { median } from "../figures.ts";
import { countersign, ordersRound, type Contender, type Round } from "../orders.ts";
import type { Settings } from "../row.ts";
import type { ServiceProcess } from "../stack.ts";

/** How fast orders are at one size of something. */
export interface Point {
  at: number;
  per_s: number;
  p50_ms: number;
  p99_ms: number;
  /** What the same PostgreSQL commits in the same minute: if it falls too, it was the machine. */
  bare_commits_per_s: number;
}

/** Orders in a few rounds over all the processes in turn, each of them asked for as many as the others. */
export async function measurePoint(
  at: number,
  database: Database,
  services: readonly ServiceProcess[],
  settings: Settings,
): Promise<Point> {
  const contender = inTurn(services, database);
  const [rounds, perRound] = settings.quick ? [1, 60] : [3, 200];
  await ordersRound(contender, settings.quick ? 40 : 100);
  const results: Round[] = [];
  const commits: number[] = [];
  for (let i = 0; i < rounds; i++) {
    results.push(await ordersRound(contender, perRound));
    commits.push(await commitsPerSecond(database.pool, { ...settings, quick: true }));
  }
  return {
    at,
    per_s: median(results.map(({ per_s }) => per_s)),
    p50_ms: median(results.map(({ p50 }) => p50)),
    p99_ms: median(results.map(({ p99 }) => p99)),
    bare_commits_per_s: median(commits),
  };
}

/** As a load balancer would. */
function inTurn(services: readonly ServiceProcess[], { pool }: Database): Contender {
  let turn = 0;
  const [first] = services;
  return {
    ...countersign({ url: "", providerUrl: first?.providerUrl ?? "" }, pool),
    get url() {
      return services[turn++ % services.length]?.url ?? "";
    },
  };
}
