import { expect, test } from "vitest";
import { seeded, shuffled } from "../../scripts/replay/chance.ts";
import { bytesOf, playAll } from "../../scripts/replay/sending.ts";
import { verifySignature } from "../../src/payments/stripe/signature.ts";

const SECRET = "whsec_test";
const event = (n: number) => ({
  scenario: "some",
  file: `some/${n}.json`,
  event_id: `evt_${n}`,
  type: "charge.succeeded",
  order_id: "ord_1",
  headers: {},
  body: Buffer.from(`{"id":"evt_${n}","amount":1250,"currency":"usd"}`),
});
const events = Array.from({ length: 40 }, (_, n) => event(n));

/** Takes what is signed well and now, as the service does. */
function receiver() {
  const taken: string[] = [];
  const deliver = (body: Uint8Array, headers: Record<string, string>) => {
    const verdict = verifySignature(body, headers["stripe-signature"], [SECRET], new Date());
    if (verdict.valid) taken.push(Buffer.from(body).toString());
    return Promise.resolve(verdict.valid ? 204 : 400);
  };
  return { taken, deliver };
}

const calm = {
  secret: SECRET,
  chance: seeded(1),
  speed: null,
  duplicate: 0,
  tamper: false,
  onProgress: () => {},
};

test("events of one lane go out in their order", async () => {
  const target = receiver();
  await playAll({ ...calm, lanes: [events], target });
  expect(target.taken).toEqual(events.map(({ body }) => body.toString()));
});

test("tampered and stale copies are refused, originals and duplicates taken", async () => {
  const target = receiver();
  const sent: number[] = [];
  const onProgress = (n: number) => sent.push(n);
  const outcomes = await playAll({
    ...calm,
    lanes: [events],
    target,
    duplicate: 0.5,
    tamper: true,
    onProgress,
  });
  const by = (copy: string) => outcomes.flatMap(({ sends }) => sends.filter((send) => send.copy === copy));
  expect(by("original").map(({ status }) => status)).toEqual(events.map(() => 204));
  expect(by("tampered").map(({ status }) => status)).toEqual(events.map(() => 400));
  expect(by("stale").map(({ status }) => status)).toEqual(events.map(() => 400));
  expect(by("duplicate").length).toBeGreaterThan(8);
  expect(by("duplicate").every(({ status }) => status === 204)).toBe(true);
  expect(sent.at(-1)).toBe(outcomes.flatMap(({ sends }) => sends).length);
});

test("a tampered copy differs in one byte and is still JSON", () => {
  const original = event(1);
  const { body } = bytesOf(original, "tampered", SECRET);
  expect(body.filter((byte, i) => byte !== original.body[i])).toHaveLength(1);
  expect(() => JSON.parse(Buffer.from(body).toString()) as unknown).not.toThrow();
});

test("speed is kept", async () => {
  const started = performance.now();
  await playAll({ ...calm, lanes: [events.slice(0, 20)], target: receiver(), speed: 100 });
  expect(performance.now() - started).toBeGreaterThan(180);
});

test("a seed decides the order of shuffled events", () => {
  const order = (seed: number) => shuffled(events, seeded(seed)).map(({ event_id }) => event_id);
  expect(order(7)).toEqual(order(7));
  expect(order(7)).not.toEqual(order(8));
  expect(order(7).sort()).toEqual(events.map(({ event_id }) => event_id).sort());
});
