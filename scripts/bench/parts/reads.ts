import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Bench, Part } from "../bench.ts";
import { json } from "../client.ts";
import { median, percentile, round } from "../figures.ts";
import { countersign } from "../orders.ts";
import { createOrder, pay } from "../payment.ts";
import type { Row } from "../row.ts";
import { startStack, type Stack } from "../stack.ts";
import { ENDED, storeCopies, storedId, storedSize } from "../stored.ts";

const pageShape = z.looseObject({ next_cursor: z.string().nullable() });

/** A database with so many orders, of which any may be asked for. */
interface Stock {
  stack: Stack;
  count: number;
  anyId: () => string;
  /** Where the list has been read to. */
  cursor: string | null;
}

/** What is read: an address, and what to keep of the answer. */
const READS: Record<string, { what: string; read: (stock: Stock) => Promise<void> }> = {
  order: {
    what: "order read",
    read: async ({ stack, anyId }) => void (await json("GET", `${stack.url}/v1/orders/${anyId()}`)),
  },
  list: {
    what: "list page of 50",
    async read(stock) {
      const after = stock.cursor === null ? "" : `&cursor=${encodeURIComponent(stock.cursor)}`;
      const page = await json("GET", `${stock.stack.url}/v1/orders?status=completed&limit=50${after}`);
      stock.cursor = pageShape.parse(page).next_cursor;
    },
  },
  trail: {
    what: "trail page",
    read: async ({ stack, anyId }) =>
      void (await json("GET", `${stack.url}/v1/orders/${anyId()}/audit?limit=100`)),
  },
};

/** Reads over HTTP in two databases in turns, of which one holds a hundred times as many orders. */
export const reads: Part = {
  name: "reads",
  alone: true,
  what: "order, list page and trail page with 1,000,000 orders and with 10,000",
  async run(bench) {
    const { quick, say } = bench;
    const small = await stock(bench, quick ? 1_000 : 10_000);
    const large = await stock(bench, quick ? 20_000 : 1_000_000);
    const times = new Map(
      Object.keys(READS).map((id) => [id, { small: [] as number[][], large: [] as number[][] }]),
    );
    const [rounds, perRound] = quick ? [2, 40] : [7, 150];
    for (let i = 0; i <= rounds; i++) {
      say(`reads, round ${i} of ${rounds}`);
      for (const [id, { read }] of Object.entries(READS)) {
        const [few, many] = [await timed(small, read, perRound), await timed(large, read, perRound)];
        // The first is to warm up.
        if (i > 0) times.get(id)?.small.push(few);
        if (i > 0) times.get(id)?.large.push(many);
      }
    }
    const { bytes } = await storedSize(large.stack.pool);
    return [...times].flatMap(([id, each]) => rowsOf(id, each, { small, large, bytes }));
  },
};

async function timed(stock: Stock, read: (stock: Stock) => Promise<void>, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const from = performance.now();
    await read(stock);
    times.push(performance.now() - from);
  }
  return times;
}

/** One real order, and as many copies as it takes. */
async function stock({ scope, say }: Bench, count: number): Promise<Stock> {
  const stack = await scope.start(startStack());
  const order = await createOrder(stack.url);
  const since = new Date(Date.now() - 60_000);
  await pay(stack.providerUrl, order);
  while ((await countersign(stack, stack.pool).completed(since)) === 0) await sleep(20);
  say(`storing ${count} orders`);
  const began = performance.now();
  await storeCopies(stack.databaseUrl, { template: order.id, from: 1, to: count, kept: ENDED });
  say(`stored in ${Math.round((performance.now() - began) / 1000)} s`);
  const anyId = () => storedId(order.id, 1 + Math.floor(Math.random() * count));
  return { stack, count, anyId, cursor: null };
}

/** A round's p95 is the value, the middle of them the row's: one long pause does not decide. */
function rowsOf(
  id: string,
  times: { small: number[][]; large: number[][] },
  { small, large, bytes }: { small: Stock; large: Stock; bytes: number },
): Row[] {
  const what = READS[id]?.what ?? id;
  const row = (size: "small" | "large", { count }: Stock, detail: Row["detail"]): Row => {
    const values = times[size].map((list) => percentile(list, 0.95));
    return {
      ...{
        id: `read_${id}_${size}`,
        what: `${what} with ${count.toLocaleString("en")} orders, p95`,
        unit: "ms",
      },
      ...{ value: median(values), values },
      detail: { p50_ms: round(percentile(times[size].flat(), 0.5)), orders: count, ...detail },
    };
  };
  const [few, many] = [row("small", small, {}), row("large", large, { database_gb: round(bytes / 1e9) })];
  const growth = many.value / few.value;
  return [
    ...[few, many],
    {
      ...{ id: `read_${id}_growth`, what: `${what}: p95 with many to p95 with few`, unit: "×" },
      value: growth,
      values: [growth],
    },
  ];
}
