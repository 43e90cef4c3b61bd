import { expect } from "vitest";

/** How many runs a property gets; `FC_SCALE=50` looks longer for what is rare. */
export const runs = (numRuns: number): { numRuns: number } => ({
  numRuns: Math.ceil(numRuns * Number(process.env["FC_SCALE"] ?? 1)),
});

/** An invariant that is looked at after every message: cheap while it holds. */
export const holds = (condition: boolean, invariant: string): void => {
  if (!condition) expect.fail(`broken: ${invariant}`);
};
