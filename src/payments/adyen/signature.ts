import { createHmac, timingSafeEqual } from "node:crypto";
import type { Item } from "./notification.ts";

/** The key as Adyen shows it: 32 bytes in hexadecimal. @throws RangeError for anything else */
export function keyOf(hex: string): Buffer {
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw new RangeError("an HMAC key of Adyen is 64 hexadecimal digits");
  return Buffer.from(hex, "hex");
}

/**
 * What is signed of an item: eight fields joined by colons, none escaped
 * (https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures). The shape of an item sees to
 * it that this can be read in one way only.
 */
const signedText = (item: Item): string =>
  [
    item.pspReference,
    item.originalReference,
    item.merchantAccountCode,
    item.merchantReference,
    item.amount.value,
    item.amount.currency,
    item.eventCode,
    item.success,
  ].join(":");

const macOf = (item: Item, key: Buffer): Buffer =>
  createHmac("sha256", key).update(signedText(item)).digest();

/** The signature as it stands in `additionalData.hmacSignature`. */
export const signItem = (item: Item, key: Buffer): string => macOf(item, key).toString("base64");

/** Whether an item carries the signature of any of the keys. */
export function isSigned(item: Item, keys: readonly Buffer[]): boolean {
  const given = item.additionalData?.hmacSignature;
  if (given === undefined || !/^[A-Za-z0-9+/]{43}=$/.test(given)) return false;
  const mac = Buffer.from(given, "base64");
  return keys.some((key) => timingSafeEqual(macOf(item, key), mac));
}
