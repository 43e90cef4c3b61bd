import type { z } from "zod";
import type { approvalEvent } from "../contract/events/approval.ts";
import type { orderEvent } from "../contract/events/order.ts";
import type { pingEvent } from "../contract/events/ping.ts";
import type { refundEvent } from "../contract/events/refund.ts";

/** What is posted to an endpoint: compare `type`, and `data` is of that type. */
export type WebhookEvent =
  | z.output<typeof orderEvent>
  | z.output<typeof refundEvent>
  | z.output<typeof approvalEvent>
  | z.output<typeof pingEvent>;

/** Why a webhook is not to be believed. Answer 400. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
}

interface Signed {
  /** As they came: of `fetch`'s `Request`, of Node, of any framework. */
  headers: Headers | Record<string, string | string[] | undefined>;
  /** The bytes as they came, before anybody parsed them. */
  body: string | Uint8Array;
}

export interface VerifyOptions {
  /** How far the sender's clock may be from ours, to both sides, in seconds. Default 300. */
  tolerance_s?: number;
  /** In place of the clock. */
  now?: Date;
}

/**
 * The event, if one of the secrets signed it lately (https://www.standardwebhooks.com). It may come again: `webhook-id` is the same then.
 * @param secrets `whsec_` and base64; several while one is rotated
 * @throws WebhookError that says what is wrong
 *
 * @example
 * const event = await verifyWebhook({ headers: request.headers, body: await request.text() }, secret);
 * if (event.type === "order.completed") await ship(event.data.reference);
 */
export async function verifyWebhook(
  { headers, body }: Signed,
  secrets: string | readonly string[],
  { tolerance_s = 300, now = new Date() }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) =>
    headerOf(headers, name),
  ) as [string, string, string];
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookError("webhook-timestamp: must be seconds since 1970");
  const off_s = now.getTime() / 1000 - Number(timestamp);
  if (Math.abs(off_s) > tolerance_s)
    throw new WebhookError(
      `webhook-timestamp: ${Math.round(Math.abs(off_s))} s ${off_s > 0 ? "ago" : "ahead"}; it is too ${off_s > 0 ? "old" : "early"}, or a clock is wrong`,
    );
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  const given = signatures.split(" ").flatMap((one) => (one.startsWith("v1,") ? [one.slice(3)] : []));
  for (const secret of typeof secrets === "string" ? [secrets] : secrets)
    if (await isSignedBy(secret, signed, given)) return eventOf(bytes);
  throw new WebhookError("webhook-signature: none of it is by a secret that is known here");
}

/** The id of a webhook, by which a repetition is known. */
export const webhookId = ({ headers }: Pick<Signed, "headers">): string => headerOf(headers, "webhook-id");

function headerOf(headers: Signed["headers"], name: string): string {
  const found =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const value = Array.isArray(found) ? found.join(" ") : found;
  if (!value) throw new WebhookError(`${name}: the header is missing`);
  return value;
}

async function isSignedBy(
  secret: string,
  signed: Uint8Array<ArrayBuffer>,
  given: string[],
): Promise<boolean> {
  const bytes = fromBase64(secret.replace(/^whsec_/, ""));
  if (bytes === null) throw new TypeError("secrets: write each as whsec_ and base64, as it was given");
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes, hmac, false, ["verify"]);
  const right = await Promise.all(given.map((text) => isSignature(key, text, signed)));
  return right.includes(true);
}

/** As every platform has it, whatever it calls the type. */
type HmacKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

async function isSignature(key: HmacKey, text: string, signed: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const signature = fromBase64(text);
  // The platform compares in constant time.
  return signature !== null && crypto.subtle.verify("HMAC", key, signature, signed);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function eventOf(bytes: Uint8Array): WebhookEvent {
  try {
    const event = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    ) as Partial<WebhookEvent> | null;
    if (typeof event?.type === "string" && typeof event.data === "object") return event as WebhookEvent;
  } catch {
    // What was signed and is no event is told below.
  }
  throw new WebhookError("the body is signed, and not an event");
}
