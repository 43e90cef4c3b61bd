import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Contender } from "../orders.ts";
import { percentile } from "../figures.ts";

/** What a peer whose state is not in PostgreSQL has completed: counted in its own process, asked for over HTTP. */
export interface Tally {
  done(createdAt: number): void;
  url: string;
}

/** @returns once it listens, on a port of its own */
export async function startTally(): Promise<Tally> {
  const orders: { from: number; to: number }[] = [];
  const server = createServer((request, response) => {
    const since = Number(new URL(request.url ?? "/", "http://tally").searchParams.get("since"));
    const times = orders.filter(({ from }) => from >= since).map(({ from, to }) => to - from);
    const answer = { count: times.length, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    done: (createdAt) => orders.push({ from: createdAt, to: Date.now() }),
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  };
}

/** The other side of it. */
export function counted(tallyUrl: string): Pick<Contender, "completed" | "latency"> {
  const ask = async (since: Date) => {
    const answer = await fetch(`${tallyUrl}?since=${since.getTime()}`);
    return (await answer.json()) as { count: number; p50: number; p99: number };
  };
  return {
    completed: async (since) => (await ask(since)).count,
    latency: ask,
  };
}
