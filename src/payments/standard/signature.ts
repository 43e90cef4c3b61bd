import { createHmac, timingSafeEqual } from "node:crypto";
import type { Headers } from "../webhook-source.ts";

/** How far a timestamp may be from our clock, both ways, in seconds. */
export const TOLERANCE_S = 300;

const PREFIX = "whsec_";
const MOST_SIGNATURES = 16;

export type SignatureVerdict = { valid: true; id: string } | { valid: false; reason: string };

/** The key in a secret: base64, `whsec_` before it or not; null when it is none of 24 to 64 bytes. */
export function keyOf(secret: string): Buffer | null {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  const key = Buffer.from(text, "base64");
  return key.length >= 24 && key.length <= 64 ? key : null;
}

/**
 * Checks the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` of Standard Webhooks over the raw bytes of
 * the body, with any of several keys (https://www.standardwebhooks.com). The library decodes the body first, so that bytes
 * which are not UTF-8 change before they are checked, and reads `12x` as a timestamp: this does neither.
 */
export function verifySignature(
  body: Uint8Array,
  headers: Headers,
  keys: readonly Buffer[],
  now: Date,
): SignatureVerdict {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  const signature = headers["webhook-signature"];
  if (!id || !timestamp || !signature)
    return {
      valid: false,
      reason: "webhook-id, webhook-timestamp or webhook-signature is missing",
    };
  // A dot in it could be read as the one before the timestamp.
  if (!/^[\w-]{1,255}$/.test(id))
    return { valid: false, reason: "webhook-id must be 1 to 255 letters, digits, dashes or underscores" };
  if (!/^\d{1,12}$/.test(timestamp))
    return { valid: false, reason: "webhook-timestamp must be seconds since 1970" };
  const versions = signature.split(" ");
  if (versions.length > MOST_SIGNATURES)
    return { valid: false, reason: "the header has too many signatures" };
  const given = versions
    .filter((text) => /^v1,[A-Za-z0-9+/]{43}=$/.test(text))
    .map((text) => Buffer.from(text.slice("v1,".length), "base64"));
  if (given.length === 0) return { valid: false, reason: "the header has no v1 signature" };
  const expected = keys.map((key) => macOf(body, key, id, timestamp));
  if (!given.some((mac) => expected.some((other) => timingSafeEqual(mac, other))))
    return { valid: false, reason: "no signature matches any of the configured secrets" };
  const off = Math.abs(now.getTime() / 1000 - Number(timestamp));
  return off > TOLERANCE_S
    ? { valid: false, reason: `the timestamp is ${Math.round(off)} s off, ${TOLERANCE_S} are allowed` }
    : { valid: true, id };
}

const macOf = (body: Uint8Array, key: Buffer, id: string, timestamp: string): Buffer =>
  createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
