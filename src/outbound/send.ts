import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { Webhook } from "standardwebhooks";
import { ForbiddenAddress, isPublic, publicLookup } from "./address.ts";

/** One webhook to somebody's address, signed as Standard Webhooks (https://www.standardwebhooks.com). */
export interface OutboundWebhook {
  url: string;
  /** `whsec_` and base64. */
  secret: string;
  /** The same for every try, so that the receiver can tell a repetition. */
  id: string;
  type: string;
  /** RFC 3339: when it happened. */
  at: string;
  data: unknown;
}

export type Delivered =
  | { outcome: "accepted"; status: number }
  /** `retry`: the same may be taken later. */
  | { outcome: "failed"; reason: string; retry: boolean };

export interface SendOptions {
  /** Outside development: https alone, and no address of a private network. */
  strict: boolean;
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 64 * 1024;

/** Why a URL cannot be called; null when it can. Names are checked again when they are resolved. */
export function urlObstacle(text: string, { strict }: Pick<SendOptions, "strict">): string | null {
  const url = URL.parse(text);
  if (!url || !["http:", "https:"].includes(url.protocol)) return "must be a URL that begins with https://";
  if (url.username || url.password) return "must not hold a user name or password";
  if (!strict) return null;
  if (url.protocol !== "https:") return "must begin with https://";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return /^[\d.]+$|:/.test(host) && !isPublic(host) ? "must not be a private address" : null;
}

/** Posts it once. Redirects are not followed: a 3xx is a failure, like every answer but a 2xx. Never throws. */
export async function send(webhook: OutboundWebhook, options: SendOptions): Promise<Delivered> {
  const obstacle = urlObstacle(webhook.url, options);
  if (obstacle) return { outcome: "failed", reason: obstacle, retry: false };
  const body = JSON.stringify({ type: webhook.type, timestamp: webhook.at, data: webhook.data });
  const now = new Date();
  const headers = {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    "user-agent": "Countersign/1",
    "webhook-id": webhook.id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": new Webhook(webhook.secret).sign(webhook.id, now, body),
  };
  try {
    const status = await post(webhook.url, headers, body, options);
    return status >= 200 && status < 300
      ? { outcome: "accepted", status }
      : { outcome: "failed", reason: `the answer was ${status}`, retry: status !== 410 };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { outcome: "failed", reason, retry: !(error instanceof ForbiddenAddress) };
  }
}

function post(
  url: string,
  headers: Record<string, string>,
  body: string,
  { strict, timeoutMs = TIMEOUT_MS }: SendOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = (url.startsWith("https:") ? httpsRequest : httpRequest)(
      url,
      {
        method: "POST",
        headers,
        signal: AbortSignal.timeout(timeoutMs),
        ...(strict ? { lookup: publicLookup } : {}),
      },
      (response) => {
        let received = 0;
        response.on("data", (chunk: Buffer) => {
          received += chunk.length;
          // What it says does not matter, so it need not be heard to the end.
          if (received > MOST_BYTES) response.destroy();
        });
        response.on("close", () => resolve(response.statusCode ?? 0));
        response.on("error", () => resolve(response.statusCode ?? 0));
      },
    );
    request.on("error", (error) =>
      reject(
        error.name === "AbortError" || error.name === "TimeoutError"
          ? new Error(`no answer within ${timeoutMs} ms`)
          : error,
      ),
    );
    request.end(body);
  });
}
