import type { DestinationStream } from "pino";
import { createLog, type Log } from "../../src/log.ts";

export type Line = { msg: string; level: number } & Record<string, unknown>;

/** A log that keeps its lines, as they would be written. */
export function keptLog(level: string): { log: Log; text(): string; lines(): Line[] } {
  let written = "";
  const destination: DestinationStream = { write: (line: string) => void (written += line) };
  return {
    log: createLog(level, destination),
    text: () => written,
    lines: () =>
      written
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Line),
  };
}
