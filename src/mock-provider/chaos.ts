import { z } from "zod";
import type { State } from "./state.ts";

const between = (least: number, most: number, unit: string) => {
  const remedy = `must be a number from ${least} to ${most}${unit}`;
  return z.number(remedy).min(least, remedy).max(most, remedy);
};
const rate = between(0, 1, "").default(0);

/** How the provider misbehaves. Rates are 0..1; all zero is calm. */
export const chaosSettings = z.strictObject({
  /** The same seed gives the same decisions in the same order. */
  seed: z.int("must be a whole number").default(1),
  /** A delivery arrives twice. */
  duplicate: rate,
  /** A delivery is held back until later ones have passed it. */
  reorder: rate,
  /** Each delivery waits up to this long. */
  delay_ms: between(0, 600_000, " milliseconds").default(0),
  /** A delivery is never made; only `events.list` still shows the event. */
  drop: rate,
  /** A first try is signed with a timestamp an hour old; its retry is right. */
  stale_signature: rate,
  /** A second Event object, with an id of its own, tells of the same change. */
  twin_event: rate,
  /** A write is done and then answered with 500, which its idempotency key keeps. */
  error_after: rate,
  /** A write is done and never answered; the connection closes after `hang_ms`. */
  hang: rate,
  hang_ms: between(0, 600_000, " milliseconds").default(30_000),
  /** A write is done and the connection is reset instead of answered. */
  reset: rate,
});

/** Settings as somebody gives them: a request can only end in one way, so those three rates share one whole. */
export const wantedChaos = chaosSettings.refine(
  ({ error_after, hang, reset }) => error_after + hang + reset <= 1,
  { error: "error_after, hang and reset must not add up to more than 1", path: ["error_after"] },
);
export type ChaosSettings = z.output<typeof chaosSettings>;

/** What becomes of one delivery's first try. */
export interface DeliveryFate {
  copies: 1 | 2;
  delay_ms: number;
  drop: boolean;
  stale: boolean;
}
export type AnswerFate = "answer" | "error" | "hang" | "reset";

/** Seeded misfortune: three streams of decisions (answers, events, deliveries), so that one does not shift the others. */
export class Chaos {
  readonly #state: State;
  #settings: ChaosSettings;
  #streams: { answers: () => number; events: () => number; deliveries: () => number };

  constructor(state: State) {
    this.#state = state;
    const stored = chaosSettings.safeParse(state.settings.get("chaos")?.value ?? {});
    this.#settings = stored.success ? stored.data : chaosSettings.parse({});
    this.#streams = streams(this.#settings.seed);
  }

  get settings(): ChaosSettings {
    return this.#settings;
  }

  /** Replaces the settings and begins the seed's decisions anew. */
  set(settings: ChaosSettings): void {
    this.#settings = settings;
    this.#streams = streams(settings.seed);
    this.#state.settings.put({ id: "chaos", value: settings });
  }

  answer(): AnswerFate {
    const { error_after, hang, reset } = this.#settings;
    if (error_after + hang + reset === 0) return "answer";
    const roll = this.#streams.answers();
    if (roll < error_after) return "error";
    if (roll < error_after + hang) return "hang";
    return roll < error_after + hang + reset ? "reset" : "answer";
  }

  twin(): boolean {
    return this.#settings.twin_event > 0 && this.#streams.events() < this.#settings.twin_event;
  }

  delivery(): DeliveryFate {
    const { duplicate, reorder, delay_ms, drop, stale_signature } = this.#settings;
    if (duplicate + reorder + delay_ms + drop + stale_signature === 0) {
      return { copies: 1, delay_ms: 0, drop: false, stale: false };
    }
    const next = this.#streams.deliveries;
    const rolls = [next(), next(), next(), next(), next(), next()] as const;
    return {
      drop: rolls[0] < drop,
      copies: rolls[1] < duplicate ? 2 : 1,
      delay_ms: Math.round(rolls[2] * delay_ms + (rolls[3] < reorder ? 50 + rolls[4] * 1000 : 0)),
      stale: rolls[5] < stale_signature,
    };
  }
}

const streams = (seed: number) => ({
  answers: random(seed),
  events: random(seed ^ 0x5bd1e995),
  deliveries: random(seed ^ 0x27d4eb2f),
});

/** mulberry32: small, fast, and the same everywhere. */
function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
