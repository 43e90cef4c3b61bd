import { z } from "zod";

export const makeCheckpoint = z.strictObject({
  /** Compares all orders, not only those written to lately. */
  sweep: z.boolean().default(false),
  /** Goes on with a key that the former one has not named, because the former one is lost. */
  accept_new_key: z.boolean().default(false),
});

const number = z
  .string()
  .regex(/^[1-9][0-9]{0,8}$/, "must be the number of a checkpoint, such as 12")
  .transform(Number);

export const checkpointNumber = z.strictObject({ number });

/** `cursor` is the number of the last that was shown. */
export const listCheckpointsQuery = z.strictObject({
  limit: z.coerce
    .number("must be a number from 1 to 100")
    .int("must be an integer")
    .min(1, "must be at least 1")
    .max(100, "must be at most 100")
    .default(20),
  cursor: number.optional(),
});

/** `checkpoint`: the newest that states the order at or before this one. */
export const proofQuery = z.strictObject({ checkpoint: number.optional() });
