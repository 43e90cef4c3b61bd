import { createHmac, timingSafeEqual } from "node:crypto";
import type { ReturnPathOptions } from "./return-path.ts";

/** The envelope sender of mails to operators: sign-in links, alerts, nightly reports, checkpoints. */
export interface OperatorReturnPath {
  addressFor: (to: string) => string;
  /** Whether an address was given out for mails to that operator. */
  isOf: (address: string, to: string) => boolean;
}

/** `bounces+operator.SIGNATURE@example.com`: one for each operator, 64 bits of HMAC-SHA-256, as `createReturnPath` has for each mail. */
export function createOperatorReturnPath({ address, secrets }: ReturnPathOptions): OperatorReturnPath {
  const at = address.lastIndexOf("@");
  const made = (secret: string, to: string) =>
    `${address.slice(0, at)}+operator.${signature(secret, to)}${address.slice(at)}`.toLowerCase();
  const [first = ""] = secrets;
  return {
    addressFor: (to) => made(first, to),
    isOf: (given, to) => secrets.some((secret) => isSame(given.toLowerCase(), made(secret, to))),
  };
}

/** `operator bounce` keeps it apart from what else the secret signs. */
const signature = (secret: string, to: string): string =>
  createHmac("sha256", secret)
    .update(JSON.stringify(["operator bounce", to.toLowerCase()]))
    .digest("hex")
    .slice(0, 16);

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
