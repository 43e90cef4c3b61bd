import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";

const ms = z.int().min(0).max(60_000);

/** How one operation goes: in its own time, and to which end. */
const course = z.strictObject({
  after_ms: ms.default(30),
  state: z.enum(["done", "refused"]).default("done"),
  code: z.string().default("refused"),
  text: z.string().default("The operation was refused."),
});

const courses = z
  .array(course)
  .min(1)
  .default([course.parse({})]);

const scenarioShape = z.strictObject({
  about: z.string(),
  /** What the card says, and when. */
  attempt: z
    .strictObject({
      after_ms: ms.default(0),
      state: z.enum(["accepted", "declined"]).default("accepted"),
      code: z.string().default("declined"),
      text: z.string().default("The card was declined."),
    })
    .default({ after_ms: 0, state: "accepted", code: "declined", text: "The card was declined." }),
  /** The first operation of a kind goes as the first entry says, and so on; the last entry is for all further ones. */
  operations: z.strictObject({ capture: courses, cancel: courses, refund: courses }).default(() => ({
    capture: courses.parse(undefined),
    cancel: courses.parse(undefined),
    refund: courses.parse(undefined),
  })),
  /** Requests that are answered badly: the nth of a kind, performed or not. */
  faults: z
    .array(
      z.strictObject({
        request: z.enum(["open", "attempt", "capture", "cancel", "refund"]),
        nth: z.int().min(1),
        status: z.int().min(400).max(599),
        performed: z.boolean(),
      }),
    )
    .default([]),
  /** Types of webhooks that never arrive. */
  lost: z.array(z.string()).default([]),
});

export type Scenario = z.output<typeof scenarioShape>;
export type Course = z.output<typeof course>;

export const FIXTURES = resolve(import.meta.dirname, "../../fixtures/standard-provider");

/** The scenario for a payment of which no method is known yet. */
export const PLAIN: Scenario = scenarioShape.parse({ about: "all goes well" });

/** The scenarios in a folder of `METHOD.json` files, by the payment method that plays them. */
export const readScenarios = (folder = FIXTURES): Map<string, Scenario> =>
  new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .toSorted()
      .map((name) => [
        name.slice(0, -".json".length),
        scenarioShape.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))),
      ]),
  );
