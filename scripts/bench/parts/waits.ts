import type { Pool } from "pg";
import type { Part } from "../bench.ts";
import { json } from "../client.ts";
import { percentile, round } from "../figures.ts";
import { follow } from "../followed.ts";
import { createOrder, pay } from "../payment.ts";
import type { Row } from "../row.ts";
import { startStack, type Stack } from "../stack.ts";

/** When something reached the client, in ms by the clock that PostgreSQL and we share; by order and entry. */
interface Heard {
  waited: Map<string, number>;
  followed: Map<string, number>;
}

const now = () => performance.timeOrigin + performance.now();
const nothing = (): Heard => ({ waited: new Map(), followed: new Map() });

/** From the commit that writes something to the client that waited for it. */
export const waits: Part = {
  name: "waits",
  alone: true,
  what: "event wait and SSE: from the commit to the client",
  async run({ scope, quick }) {
    const stack = await scope.start(startStack(null, { commitTimes: true }));
    const warm = nothing();
    for (let i = 0; i < 20; i++) await watchOne(stack, warm);
    const heard = nothing();
    for (let i = 0; i < (quick ? 20 : 200); i++) await watchOne(stack, heard);
    const written = await committed(stack.pool);
    return [
      row("event_wait", "event wait (?timeout=): commit to client, p95", delays(heard.waited, written)),
      row("sse", "trail over SSE: commit to client, p95", delays(heard.followed, written)),
    ];
  },
};

/** One order that is waited for and followed, paid, and heard of to its end. */
async function watchOne({ url, providerUrl }: Stack, heard: Heard): Promise<void> {
  const order = await createOrder(url);
  const { id } = order;
  // What was there before is sent at once, and says nothing about how long the rest takes.
  let live = false;
  const { ended } = await follow(`${url}/v1/orders/${id}/audit/stream?after_seq=1`, (seq) => {
    if (live) heard.followed.set(`${id} ${seq}`, now());
  });
  const result = json("GET", `${url}/v1/orders/${id}/events/result?timeout=60`).then(() => now());
  // Once the provider is asked, both connections have long been taken.
  live = true;
  await pay(providerUrl, order);
  heard.waited.set(id, await result);
  await ended;
}

/** When each entry was committed; an order's result is with its last. */
async function committed(pool: Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ id: string; seq: number; type: string; at: number }>(
    `select order_id as id, seq, type, extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000 as at from countersign.audit_index`,
  );
  return new Map(
    rows.flatMap(({ id, seq, type, at }) => [
      [`${id} ${seq}`, at] as const,
      ...(type === "order.completed" ? [[id, at] as const] : []),
    ]),
  );
}

const delays = (heard: Map<string, number>, written: Map<string, number>): number[] =>
  [...heard].flatMap(([what, at]) => {
    const from = written.get(what);
    return from === undefined ? [] : [at - from];
  });

const row = (id: string, what: string, times: number[]): Row => ({
  ...{ id, what, unit: "ms" },
  ...{ value: percentile(times, 0.95), values: [percentile(times, 0.95)] },
  detail: {
    p50_ms: round(percentile(times, 0.5)),
    p99_ms: round(percentile(times, 0.99)),
    times: times.length,
  },
});
