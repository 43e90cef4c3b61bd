import { Readable } from "node:stream";
import type { Context } from "koa";
import type { Log } from "../log.ts";

/** How long a client may leave what it is sent unread. */
const STALLED_MS = 30_000;

interface Flow {
  /** Aborts when the connection ends. */
  signal: AbortSignal;
  log: Log;
  stalledMs?: number;
}

/** Aborts when the client has gone. */
export function goneSignal(ctx: Context): AbortSignal {
  const gone = new AbortController();
  ctx.res.once("close", () => gone.abort());
  return gone.signal;
}

/**
 * Sends chunks as fast as the client reads them, and no faster. A client that reads nothing for a while is disconnected, and
 * when reading fails the response breaks off, so that nobody takes a part for the whole.
 */
export function flow(
  ctx: Context,
  chunks: AsyncIterable<string>,
  { signal, log, stalledMs = STALLED_MS }: Flow,
): void {
  async function* guarded() {
    try {
      for await (const chunk of chunks) {
        const stalled = setTimeout(() => ctx.res.destroy(), stalledMs);
        try {
          yield chunk;
        } finally {
          clearTimeout(stalled);
        }
        if (signal.aborted) return;
      }
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error, path: ctx.path }, "a stream of audit entries broke off");
      ctx.res.destroy();
    }
  }
  ctx.body = Readable.from(guarded(), { objectMode: false });
}
