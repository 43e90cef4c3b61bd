/** How many runs a property gets; `FC_SCALE=50` looks longer for what is rare. */
export const runs = (numRuns: number): { numRuns: number } => ({
  numRuns: Math.ceil(numRuns * Number(process.env["FC_SCALE"] ?? 1)),
});
