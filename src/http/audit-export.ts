import type { Context } from "koa";
import { CSV_HEADER, csvLine } from "../audit/csv.ts";
import { entriesOf, viewOf, viewText, type View } from "../audit/personal.ts";
import type { StoredEntry } from "../db/audit-index.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { flow, goneSignal } from "./audit-flow.ts";

export type ExportFormat = "json" | "ndjson" | "csv";

const TYPES = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  csv: "text/csv",
} as const satisfies Record<ExportFormat, string>;

const FORMATS = Object.keys(TYPES) as ExportFormat[];

/**
 * What is asked for: a page, or all of it in a format. `?format=` says so, or `?all=true`, or the header Accept, where JSON means
 * a page.
 */
export function formatOf(ctx: Context): ExportFormat | "page" {
  const { format, all } = ctx.query;
  if (format !== undefined) {
    const known = FORMATS.find((name) => name === format);
    if (known) return known;
    const message = `must be one of ${FORMATS.join(", ")}`;
    throw new AppError("invalid_request", `format ${message}`, { errors: [{ path: "format", message }] });
  }
  ctx.vary("Accept");
  const accepted = ctx.accepts(...Object.values(TYPES));
  const found = FORMATS.find((name) => TYPES[name] === accepted);
  if (!found) throw new AppError("not_acceptable", `Accept ${Object.values(TYPES).join(" or ")}.`);
  return found === "json" && all !== "true" ? "page" : found;
}

interface Export {
  /** The file's name, without its ending. */
  name: string;
  format: ExportFormat;
  view: View;
  log: Log;
}

/** Sends batches as a file, as fast as they are read: memory does not grow with them. */
export function sendExport(
  ctx: Context,
  batches: AsyncIterable<StoredEntry[]>,
  { name, format, view, log }: Export,
): void {
  ctx.attachment(`${name}.${format}`);
  ctx.set("Content-Type", format === "csv" ? `${TYPES.csv}; charset=utf-8; header=present` : TYPES[format]);
  const chunks = { json: array, ndjson: lines, csv }[format](batches, view);
  flow(ctx, chunks, { signal: goneSignal(ctx), log });
}

/** What is gone from the streams is left out, and named by `verify`. */
const textsOf = (batch: StoredEntry[], view: View): string[] =>
  batch.flatMap(({ text, personal }) => (text === null ? [] : [viewText({ text, personal }, view)]));

async function* lines(batches: AsyncIterable<StoredEntry[]>, view: View): AsyncGenerator<string> {
  for await (const batch of batches)
    yield textsOf(batch, view)
      .map((text) => `${text}\n`)
      .join("");
}

async function* array(batches: AsyncIterable<StoredEntry[]>, view: View): AsyncGenerator<string> {
  let before = "[";
  for await (const batch of batches) {
    const texts = textsOf(batch, view);
    if (texts.length === 0) continue;
    yield `${before}\n${texts.join(",\n")}`;
    before = ",";
  }
  yield before === "[" ? "[]\n" : "\n]\n";
}

/** For people: always readable. */
async function* csv(batches: AsyncIterable<StoredEntry[]>): AsyncGenerator<string> {
  yield CSV_HEADER;
  for await (const batch of batches) {
    const entries = entriesOf(batch).map(({ entry, personal }) => viewOf(entry, personal, "readable"));
    yield entries.map(csvLine).join("");
  }
}
