import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBench, type Bench } from "./provider.ts";

const CALM = {
  seed: 1,
  duplicate: 0,
  reorder: 0,
  delay_ms: 0,
  drop: 0,
  stale_signature: 0,
  twin_event: 0,
  error_after: 0,
  hang: 0,
  hang_ms: 30_000,
  reset: 0,
};

describe("settings", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench.stop());

  test("what is set is read back, and all that is not named is calm", async () => {
    expect(await bench.mock("/chaos")).toEqual(CALM);
    expect(await bench.mock("/chaos", { seed: 9, drop: 0.5, delay_ms: 20 })).toEqual({
      ...CALM,
      seed: 9,
      drop: 0.5,
      delay_ms: 20,
    });
    expect(await bench.mock("/chaos")).toMatchObject({ seed: 9, drop: 0.5 });
    expect(await bench.mock("/chaos", {})).toEqual(CALM);
  });

  test.each([
    [{ duplicate: 2 }, "duplicate", "duplicate: must be a number from 0 to 1"],
    [{ drop: -0.1 }, "drop", "drop: must be a number from 0 to 1"],
    [{ reorder: "often" }, "reorder", "reorder: must be a number from 0 to 1"],
    [{ delay_ms: 1e9 }, "delay_ms", "delay_ms: must be a number from 0 to 600000 milliseconds"],
    [{ seed: 1.5 }, "seed", "seed: must be a whole number"],
    [{ duplicates: 1 }, "duplicates", "There is no field duplicates."],
    [
      { error_after: 0.5, hang: 0.4, reset: 0.2 },
      "error_after",
      "error_after: error_after, hang and reset must not add up to more than 1",
    ],
  ])("%j is refused, and changes nothing", async (settings, param, message) => {
    await bench.mock("/chaos", { seed: 5 });
    expect(await bench.mock("/chaos", settings)).toEqual({
      error: expect.objectContaining({ type: "invalid_request_error", param, message }) as object,
    });
    expect(await bench.mock("/chaos")).toMatchObject({ seed: 5 });
  });

  test("what is no JSON is told", async () => {
    const answer = await fetch(`${bench.provider.url}/_mock/chaos`, { method: "POST", body: "{drop: 1" });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { message: "The body is not JSON." } });
  });
});

test("a seeded run repeats exactly: which calls fail, which events come twice, late or never", async () => {
  const run = async (seed: number) => {
    const bench = await openBench();
    try {
      await bench.mock("/chaos", {
        seed,
        duplicate: 0.3,
        drop: 0.2,
        twin_event: 0.2,
        stale_signature: 0.2,
        delay_ms: 300,
        error_after: 0.2,
      });
      const answers: string[] = [];
      for (let n = 0; n < 30; n += 1) {
        const metadata = { n: String(n) };
        answers.push(
          await bench.stripe.paymentIntents
            .create({ amount: 2_000, currency: "usd", metadata })
            .then(() => "done")
            .catch((error: { type: string }) => error.type),
        );
      }
      await quiet(() => bench.sink.all.length + bench.sink.invalid.length);
      const events = (await bench.stripe.events.list({ limit: 100 })).data;
      const about = (event: (typeof events)[number]) =>
        (event.data.object as unknown as { metadata: { n: string } }).metadata.n;
      const came = (id: string) => bench.sink.all.filter(({ event }) => event.id === id).length;
      return {
        answers,
        events: events.map(about),
        came: events.map((event) => `${about(event)}:${came(event.id)}`),
        stale: bench.sink.invalid.length,
      };
    } finally {
      await bench.stop();
    }
  };
  const [one, again, other] = await Promise.all([run(7), run(7), run(8)]);
  expect(again).toEqual(one);
  expect(other).not.toEqual(one);
  expect(new Set(one.answers)).toEqual(new Set(["done", "StripeAPIError"]));
  expect(one.events.length).toBeGreaterThan(30);
  expect(one.stale).toBeGreaterThan(0);
  for (const times of ["0", "1", "2"]) expect(one.came.join(" ")).toMatch(new RegExp(`:${times}\\b`));
});

/** Resolves when nothing has come for longer than a first retry takes. */
async function quiet(count: () => number): Promise<void> {
  for (let seen = -1; seen !== count();) {
    seen = count();
    await new Promise((done) => setTimeout(done, 3_000));
  }
}

test("reordered deliveries overtake each other", async () => {
  const bench = await openBench();
  try {
    await bench.mock("/chaos", { seed: 3, reorder: 0.5 });
    const made: string[] = [];
    for (let n = 0; n < 12; n += 1)
      made.push((await bench.stripe.paymentIntents.create({ amount: 2_000, currency: "usd" })).id);
    await bench.sink.until(() => bench.sink.all.length === 12);
    const came = bench.sink.all.map(({ event }) => (event.data.object as { id: string }).id);
    expect(came).not.toEqual(made);
    expect(came.sort()).toEqual(made.sort());
  } finally {
    await bench.stop();
  }
});

test("dropped events are those that the list of undelivered ones gives", async () => {
  const bench = await openBench();
  try {
    await bench.mock("/chaos", { seed: 3, drop: 0.5 });
    for (let n = 0; n < 20; n += 1)
      await bench.stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    const lost = (await bench.stripe.events.list({ delivery_success: false, limit: 100 })).data;
    await bench.sink.until(() => bench.sink.all.length === 20 - lost.length);
    expect(lost.length).toBeGreaterThan(4);
    expect(lost.every((event) => event.pending_webhooks === 1)).toBe(true);
    const came = new Set(bench.sink.all.map(({ event }) => event.id));
    expect(lost.filter((event) => came.has(event.id))).toEqual([]);
  } finally {
    await bench.stop();
  }
});
