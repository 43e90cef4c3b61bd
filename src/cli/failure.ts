import { ConfigError } from "../config.ts";
import { AppError } from "../errors.ts";

/** What an operator can mend is said in a line; anything else with all that is known. */
export function failureText(error: unknown): string {
  if (error instanceof ConfigError || error instanceof AppError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
