import type { Contender } from "./orders.ts";
import type { Row, Settings } from "./row.ts";
import type { Scope } from "./scope.ts";
import type { Stack } from "./stack.ts";

/** What a part of the benchmark works with. */
export interface Bench extends Settings {
  /** Who reads along wants every statement of an order, not the dearest alone. */
  statements: boolean;
  /** Ends with the part. */
  scope: Scope;
  /** The service and its PostgreSQL, which the parts before have warmed up. */
  stack: () => Promise<Stack>;
  /** Ours among the contenders. */
  ours: () => Promise<Contender>;
}

/** A part measures what belongs together, in turns. It can be run alone: `--only NAME`. */
export interface Part {
  name: string;
  what: string;
  /** It starts what it needs itself, and the shared service is ended before. */
  alone?: true;
  run(bench: Bench): Promise<Row[]>;
}
