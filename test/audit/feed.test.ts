import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FeedEvent, TrailFeed } from "../../src/audit/feed.ts";
import type { Queryable } from "../../src/db/pool.ts";
import { draft, drafts, openTrails, type Trails } from "./trails.ts";

let trails: Trails;
beforeAll(async () => {
  trails = await openTrails();
});
afterAll(() => trails.end());

/** Follows until the feed ends, or until `enough` entries came. */
async function collect(feed: TrailFeed, id: string, after = -1, enough = Infinity): Promise<FeedEvent[]> {
  const events: FeedEvent[] = [];
  for await (const event of feed.follow("dev", id, { after })) {
    events.push(event);
    if (events.length >= enough) break;
  }
  return events;
}
const seqs = (events: FeedEvent[]) => events.flatMap((event) => (event.type === "entry" ? [event.seq] : []));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** The pool, with its queries counted. */
function counted(): { db: Queryable; reads: () => number } {
  let reads = 0;
  const query = ((...args: unknown[]) => {
    reads++;
    return (trails.pool.query as (...all: unknown[]) => unknown).apply(trails.pool, args);
  }) as Queryable["query"];
  return { db: { query }, reads: () => reads };
}

test("a follower gets what there is, then what comes, then the end", async () => {
  const id = await trails.newOrder();
  await trails.append(id, drafts(700));
  const following = collect(trails.feed(), id);
  for (let n = 700; n < 720; n++) await trails.append(id, [draft(n)]);
  await trails.append(id, drafts(2, 720), { close: true });
  const events = await following;
  expect(seqs(events)).toEqual(range(0, 722));
  expect(events.at(-1)).toEqual({ type: "end", after: 721 });
});

test("a trail that was closed and goes on gives the rest to who comes after that", async () => {
  const id = await trails.newOrder();
  const feed = trails.feed();
  await trails.append(id, drafts(3), { close: true });
  expect(await collect(feed, id)).toHaveLength(4);
  expect(await collect(feed, id, 2)).toEqual([{ type: "end", after: 2 }]);
  const lingering = feed.follow("dev", id, { after: -1 });
  await lingering.next();
  await trails.append(id, drafts(2, 3));
  const following = collect(feed, id, 2);
  await trails.append(id, drafts(1, 5), { close: true });
  const events = await following;
  expect(seqs(events)).toEqual([3, 4, 5]);
  expect(events.at(-1)?.type).toBe("end");
  await lingering.return(undefined);
});

test("1,000 followers of one order cost one read per batch, beside one for what was there before", async () => {
  const id = await trails.newOrder();
  await trails.append(id, drafts(20));
  const { db, reads } = counted();
  const feed = trails.feed({ db, pollMs: 60_000 });
  const following = Array.from({ length: 1_000 }, () => collect(feed, id));
  await sleep(1_000);
  // Opening, what was there before, and a first look.
  const before = reads();
  expect(before).toBeLessThanOrEqual(3);
  for (let n = 0; n < 10; n++) {
    await trails.append(id, drafts(3, 20 + 3 * n), { close: n === 9 });
    await sleep(30);
  }
  for (const events of await Promise.all(following)) expect(seqs(events)).toEqual(range(0, 50));
  expect(reads() - before).toBeLessThanOrEqual(10);
});

test("when nothing is heard the trail is still read now and then", async () => {
  const id = await trails.newOrder();
  await trails.append(id, drafts(1));
  const following = collect(trails.feed({ pollMs: 50 }), id);
  await sleep(100);
  await trails.append(id, drafts(1, 1), { close: true, silent: true });
  expect(seqs(await following)).toEqual([0, 1]);
});

test("a slow follower is cut off with where to go on, and the others are not held up", async () => {
  const id = await trails.newOrder();
  await trails.append(id, drafts(5));
  const feed = trails.feed({ maxBehind: 10 });
  const slow = feed.follow("dev", id, { after: -1 });
  const quick = collect(feed, id);
  const got: FeedEvent[] = [];
  for (let n = 0; n < 5; n++) got.push((await slow.next()).value as FeedEvent);
  const waiting = slow.next();
  await sleep(50);
  for (let n = 5; n < 40; n++) {
    await trails.append(id, [draft(n)]);
    await sleep(5);
  }
  await trails.append(id, drafts(1, 40), { close: true });
  expect(seqs(await quick)).toEqual(range(0, 41));
  got.push((await waiting).value as FeedEvent);
  for await (const event of slow) got.push(event);
  const last = got.at(-1);
  expect(last).toMatchObject({ type: "resync", reason: "slow" });
  const seen = seqs(got);
  expect(seen).toEqual(range(0, seen.length));
  expect(seen.length).toBeLessThan(41);
  const rest = await collect(feed, id, last?.type === "resync" ? last.after : -1);
  expect([...seen, ...seqs(rest)]).toEqual(range(0, 41));
});

test("who claims to have more than there is, is told so and gets what comes", async () => {
  const id = await trails.newOrder();
  await trails.append(id, drafts(2));
  const following = collect(trails.feed(), id, 900);
  await sleep(100);
  await trails.append(id, drafts(1, 2), { close: true });
  expect(await following).toMatchObject([
    { type: "resync", after: 1, reason: "ahead" },
    { type: "entry", seq: 2 },
    { type: "end", after: 2 },
  ]);
});

test("an aborted follower ends at once, and a closed feed ends all without saying that the trail ended", async () => {
  const id = await trails.newOrder();
  await trails.append(id, drafts(2));
  const feed = trails.feed();
  const gone = new AbortController();
  const events: FeedEvent[] = [];
  const following = (async () => {
    for await (const event of feed.follow("dev", id, { after: -1, signal: gone.signal })) events.push(event);
  })();
  const other = collect(feed, id);
  await sleep(100);
  gone.abort();
  await following;
  expect(seqs(events)).toEqual([0, 1]);
  feed.close();
  expect((await other).map(({ type }) => type)).toEqual(["entry", "entry"]);
  expect(await collect(feed, id)).toEqual([]);
});

test("followers outlast a database that cannot be read for a while", async () => {
  const id = await trails.newOrder();
  await trails.append(id, drafts(1));
  let down = false;
  const query = ((...args: unknown[]) =>
    down
      ? Promise.reject(Object.assign(new Error("down"), { code: "ECONNREFUSED" }))
      : (trails.pool.query as (...all: unknown[]) => unknown).apply(trails.pool, args)) as Queryable["query"];
  const following = collect(trails.feed({ db: { query }, pollMs: 30 }), id);
  await sleep(100);
  down = true;
  await trails.append(id, drafts(2, 1), { close: true });
  await sleep(100);
  down = false;
  expect(seqs(await following)).toEqual([0, 1, 2]);
});

test("whatever the moments at which followers come, go and come back, each sees every entry once", async () => {
  const id = await trails.newOrder();
  const feed = trails.feed({ maxBehind: 40 });
  const total = 400;
  const follower = async (seed: number): Promise<number[]> => {
    const random = randomOf(seed);
    const seen: number[] = [];
    for (;;) {
      let left = Math.floor(random() * 60);
      for await (const event of feed.follow("dev", id, { after: seen.at(-1) ?? -1 })) {
        if (event.type === "end") return seen;
        if (event.type === "entry") seen.push(event.seq);
        if (random() < 0.02) await sleep(random() * 20);
        if (left-- === 0) break;
      }
    }
  };
  const following = Array.from({ length: 20 }, (_, seed) => follower(seed + 1));
  const random = randomOf(99);
  for (let n = 0; n < total;) {
    const batch = Math.min(total - n, 1 + Math.floor(random() * 12));
    n += batch;
    await trails.append(id, drafts(batch, n - batch), { close: n === total, silent: random() < 0.2 });
  }
  for (const seen of await Promise.all(following)) expect(seen).toEqual(range(0, total));
});

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
