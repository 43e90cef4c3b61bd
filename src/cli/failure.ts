import { UsageError } from "../../scripts/replay/fixtures.ts";
import { TargetError } from "../../scripts/replay/target.ts";
import { ConfigError } from "../config.ts";
import { AppError } from "../errors.ts";

const SPOKEN = [ConfigError, AppError, UsageError, TargetError];

/** What an operator can mend is said in a line; anything else with all that is known. */
export function failureText(error: unknown): string {
  if (SPOKEN.some((kind) => error instanceof kind) && error instanceof Error) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
