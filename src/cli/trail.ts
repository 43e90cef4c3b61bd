import { setTimeout as sleep } from "node:timers/promises";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { parseEntry } from "../audit/entry.ts";
import type { AuditEntry } from "../domain/audit-entry.ts";
import { AppError } from "../errors.ts";
import { request, type Target } from "./client.ts";
import type { ExitCode } from "./output.ts";
import { trailLine } from "./trail-lines.ts";

export interface TrailOptions extends Target {
  orderId: string;
  /** Goes on until the trail is closed, through lost connections. */
  follow: boolean;
  /** The entries as they are hashed, one a line, with their personal values beside them, instead of text. */
  json: boolean;
  color?: boolean;
  width?: number;
  write: (text: string) => void;
  /** Ends the following. */
  signal?: AbortSignal;
}

const LONGEST_WAIT_MS = 5_000;

/** Prints an order's trail, and follows it if wished. @throws AppError when the service refuses, such as for an unknown order. */
export async function followTrail(options: TrailOptions): Promise<ExitCode> {
  const { json, color = false, width, write } = options;
  const show = (entry: AuditEntry) =>
    write(`${json ? JSON.stringify(entry) : trailLine(entry, { color, ...(width ? { width } : {}) })}\n`);
  return options.follow ? follow(options, show) : print(options, show);
}

const viewQuery = ({ json }: TrailOptions): string => (json ? "proof=true" : "readable=true");

async function print(options: TrailOptions, show: (entry: AuditEntry) => void): Promise<ExitCode> {
  const path = `/v1/orders/${encodeURIComponent(options.orderId)}/audit?limit=100&${viewQuery(options)}`;
  for (let cursor: string | null = "-1"; cursor !== null;) {
    const page: { data: AuditEntry[]; next_cursor: string | null } = await request(
      options,
      "GET",
      `${path}&cursor=${cursor}`,
    );
    page.data.forEach(show);
    cursor = page.next_cursor;
  }
  return 0;
}

async function follow(options: TrailOptions, show: (entry: AuditEntry) => void): Promise<ExitCode> {
  const { signal } = options;
  let after = -1;
  const onEntry = (entry: AuditEntry) => {
    // Whatever is sent again after a lost connection is shown once.
    if (entry.seq <= after) return;
    after = entry.seq;
    show(entry);
  };
  for (let failures = 0; !signal?.aborted; failures++) {
    const before = after;
    try {
      if ((await connect(options, after, onEntry)) === "end") return 0;
    } catch (error) {
      if (error instanceof AppError && !error.retryAfter) throw error;
    }
    if (after > before) failures = 0;
    await sleep(Math.min(200 * 2 ** failures, LONGEST_WAIT_MS), undefined, signal ? { signal } : {}).catch(
      () => {},
    );
  }
  return 0;
}

/** One connection, until the trail ends or the connection does. */
async function connect(
  options: TrailOptions,
  after: number,
  onEntry: (entry: AuditEntry) => void,
): Promise<"end" | "lost"> {
  const { url, key, orderId, signal } = options;
  const path = `/v1/orders/${encodeURIComponent(orderId)}/audit/stream?${viewQuery(options)}`;
  const response = await fetch(url + path, {
    headers: { authorization: `Bearer ${key}`, accept: "text/event-stream", "last-event-id": String(after) },
    ...(signal ? { signal } : {}),
  });
  if (!response.ok || !response.body) throw await refusal(response);
  let ended = false;
  const onEvent = ({ event, data }: EventSourceMessage) => {
    if (event === "end") ended = true;
    const entry = event === "audit" ? parseEntry(data) : null;
    if (entry) onEntry(entry);
  };
  const parser = createParser({ onEvent });
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
    if (ended) return "end";
  }
  return "lost";
}

async function refusal(response: Response): Promise<AppError> {
  const problem = (await response.json().catch(() => ({}))) as { detail?: unknown };
  const detail =
    typeof problem.detail === "string" ? problem.detail : `the service answered ${response.status}`;
  if (response.status >= 500 || response.status === 429)
    return new AppError("database_unavailable", detail, { retryAfter: 1 });
  return new AppError(response.status === 404 ? "not_found" : "unprocessable", detail);
}
