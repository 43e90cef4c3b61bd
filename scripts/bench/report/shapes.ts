import { z } from "zod";

/** What `npm run bench -- --json` and `npm run bench:growth -- --json` have written. */
const machineShape = z.object({
  cores: z.number(),
  cpu: z.string(),
  memory_gb: z.number(),
  load_at_start: z.string(),
  node: z.string(),
  postgresql: z.string(),
  fsync: z.string(),
  synchronous_commit: z.string(),
  at: z.string(),
});

const rowShape = z.object({
  id: z.string(),
  what: z.string(),
  unit: z.string(),
  value: z.number(),
  values: z.array(z.number()),
  detail: z.record(z.string(), z.union([z.number(), z.string()])).exactOptional(),
});

const figure = z.number().nullable();

export const resultShape = z.object({
  machine: machineShape,
  rows: z.array(rowShape),
  ratios: z.strictObject({
    orders_vs_handwritten: figure,
    orders_vs_restate: figure,
    intake_vs_noop: figure,
    commits_per_order: figure,
    statements_per_order: figure,
  }),
});

const pointShape = z.object({
  at: z.number(),
  per_s: z.number(),
  p50_ms: z.number(),
  p99_ms: z.number(),
  bare_commits_per_s: z.number(),
});

export const growthShape = z.object({
  machine: machineShape,
  processes: z.array(pointShape),
  stored: z.array(pointShape.extend({ database_bytes: z.number() })),
  parked: z.array(pointShape.extend({ live_after_ms: z.number() })),
});

export type ReadResult = z.infer<typeof resultShape>;
export type ReadGrowth = z.infer<typeof growthShape>;
