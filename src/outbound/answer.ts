import type { IncomingMessage } from "node:http";

/** What a receiver answered. */
export interface Heard {
  status: number;
  /** The beginning of its text, for whoever looks for a fault; null when it is empty or no text. */
  excerpt: string | null;
  /** Seconds that it asked us to wait; null: it did not say. */
  retry_after_s: number | null;
}

/** What it says does not matter, so more need not be heard. */
const MOST_BYTES = 1024;
/** Its status is what counts: for the text nobody waits long. */
const LONGEST_MS = 1_000;

/** Reads the status and the beginning of the text, and closes the connection. Never rejects. */
export function hear(response: IncomingMessage): Promise<Heard> {
  const chunks: Buffer[] = [];
  let received = 0;
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(late);
      response.destroy();
      resolve({
        status: response.statusCode ?? 0,
        excerpt: textOf(Buffer.concat(chunks).subarray(0, MOST_BYTES)),
        retry_after_s: secondsOf(response.headers["retry-after"]),
      });
    };
    const late = setTimeout(done, LONGEST_MS);
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received >= MOST_BYTES) done();
    });
    for (const end of ["end", "close", "error"]) response.on(end, done);
  });
}

/** Null for what is no text. */
function textOf(bytes: Buffer): string | null {
  if (bytes.length === 0 || bytes.includes(0)) return null;
  // A character that the limit cuts in two is left out.
  const text = new TextDecoder("utf-8").decode(bytes).replace(/\uFFFD$/, "");
  // eslint-disable-next-line no-control-regex -- Control characters are what must not be shown.
  return text.includes("\uFFFD") ? null : text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, " ");
}

/** RFC 9110, section 10.2.3: seconds, or a date. */
function secondsOf(header: string | undefined): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
