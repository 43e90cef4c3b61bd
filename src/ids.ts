import { monotonicFactory } from "ulid";

/** What an id names; the prefix is part of the contract. */
export type IdPrefix = "ord" | "apr" | "rfd" | "whi" | "whe" | "whd" | "aud" | "req";

const next = monotonicFactory();

/**
 * A new id: prefix, underscore, and a ULID in lower case. It sorts by creation time (also within one
 * millisecond of one process) and is never reused.
 */
export const newId = <P extends IdPrefix>(prefix: P): `${P}_${string}` => `${prefix}_${next().toLowerCase()}`;
