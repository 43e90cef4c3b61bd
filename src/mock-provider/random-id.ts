import { randomBytes } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `length` characters of the alphabet that Stripe's ids use. */
export function randomText(length: number): string {
  let text = "";
  for (const byte of randomBytes(length)) text += ALPHABET[byte % ALPHABET.length] ?? "0";
  return text;
}

/** An id of Stripe's shape, e.g. `pi_3…` for prefix `pi_3`; 24 characters after the underscore. */
export function randomId(prefix: string): string {
  const tail = prefix.slice(prefix.indexOf("_") + 1);
  return `${prefix}${randomText(24 - tail.length)}`;
}
