import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { Webhook } from "standardwebhooks";
import { currentTrace } from "../observe/trace.ts";
import { ForbiddenAddress, isPublic, publicLookup } from "./address.ts";
import { hear, type Heard } from "./answer.ts";

/** One webhook to somebody's address, signed as Standard Webhooks (https://www.standardwebhooks.com). */
export interface OutboundWebhook {
  url: string;
  /** `whsec_` and base64; each of them signs. */
  secrets: readonly string[];
  /** The same for every try, so that the receiver can tell a repetition. */
  id: string;
  /** The same for every try, byte for byte; `webhookBody` makes it. */
  body: string;
}

/** What is posted. `at`: RFC 3339, when it happened. */
export const webhookBody = (type: string, at: string, data: unknown): string =>
  JSON.stringify({ type, timestamp: at, data });

export type Delivered =
  | ({ outcome: "accepted" } & Heard)
  /** `retry`: the same may be taken later. `heard`: null when there was no answer. */
  | { outcome: "failed"; reason: string; retry: boolean; heard: Heard | null };

/** Where webhooks may go. */
export interface OutboundRules {
  /** Outside development: https alone, and no address of a private network. */
  strict: boolean;
  /** Hosts that the operator trusts all the same: with private addresses, and without https. */
  allowHosts?: readonly string[];
}

export interface SendOptions extends OutboundRules {
  /** For all of it: to connect, to send and to be answered. */
  timeoutMs?: number;
  /** Breaks it off. */
  signal?: AbortSignal;
}

const TIMEOUT_MS = 10_000;

/** Why a URL cannot be called; null when it can. Names are checked again when they are resolved. */
export function urlObstacle(text: string, rules: OutboundRules): string | null {
  const url = URL.parse(text);
  if (!url || !["http:", "https:"].includes(url.protocol)) return "must be a URL that begins with https://";
  if (url.username || url.password) return "must not hold a user name or password";
  if (!isStrict(url, rules)) return null;
  if (url.protocol !== "https:") return "must begin with https://";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return /^[\d.]+$|:/.test(host) && !isPublic(host) ? "must not be a private address" : null;
}

const isStrict = ({ hostname }: URL, { strict, allowHosts = [] }: OutboundRules): boolean =>
  strict && !allowHosts.includes(hostname.replace(/^\[|\]$/g, ""));

/** Posts it once. Redirects are not followed: a 3xx is a failure, like every answer but a 2xx. Never throws. */
export async function send(webhook: OutboundWebhook, options: SendOptions): Promise<Delivered> {
  const { url, id, body, secrets } = webhook;
  const obstacle = urlObstacle(url, options);
  if (obstacle) return { outcome: "failed", reason: `its URL ${obstacle}`, retry: false, heard: null };
  const now = new Date();
  const traceparent = currentTrace();
  const headers = {
    ...(traceparent === undefined ? {} : { traceparent }),
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    "user-agent": "Countersign/1",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(" "),
  };
  try {
    const heard = await post(new URL(url), headers, body, options);
    return heard.status >= 200 && heard.status < 300
      ? { outcome: "accepted", ...heard }
      : { outcome: "failed", reason: `the answer was ${heard.status}`, retry: heard.status !== 410, heard };
  } catch (error) {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    return { outcome: "failed", reason, retry: !(error instanceof ForbiddenAddress), heard: null };
  }
}

function post(
  url: URL,
  headers: Record<string, string>,
  body: string,
  { timeoutMs = TIMEOUT_MS, signal, ...rules }: SendOptions,
): Promise<Heard> {
  const time = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? httpsRequest : httpRequest)(
      url,
      {
        method: "POST",
        headers,
        signal: signal ? AbortSignal.any([time, signal]) : time,
        // A connection of its own: one that was kept may be closed by the other side in this very moment.
        agent: false,
        ...(isStrict(url, rules) ? { lookup: publicLookup } : {}),
      },
      (response) => resolve(hear(response)),
    );
    request.on("error", (error) =>
      reject(time.aborted ? new Error(`no answer within ${timeoutMs} ms`, { cause: error }) : error),
    );
    request.end(body);
  });
}
