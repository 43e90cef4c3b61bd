import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { LinkSecret } from "../domain/approval-token.ts";

/** Which mail of which approval, and to whom: what its bounces are about. */
export interface SentMail {
  approval_id: string;
  number: number;
  to: string;
}

/** Envelope senders of which each is for one mail (VERP), so that a bounce says what came back, whatever is in it. */
export interface ReturnPath {
  addressFor: (mail: SentMail) => string;
  /** Null: no address of ours by its form. Only `isOf` says whether it was really given out. */
  read: (address: string) => Returned | null;
}

/** What an address claims. */
export interface Returned {
  approval_id: string;
  number: number;
  /** Whether we gave this address out for the mail to that recipient. */
  isOf: (to: string) => boolean;
}

export interface ReturnPathOptions {
  /** `bounces@example.com`; mails leave as `bounces+…@example.com`. */
  address: string;
  /** The first signs, all verify: bounces may come days after a rotation. */
  secrets: readonly string[];
}

/** Keys of their own (RFC 5869), made from those of links, so that there is no further secret to set and to rotate. */
export const bounceSecrets = (linkSecrets: readonly LinkSecret[]): string[] =>
  linkSecrets.map(({ secret }) =>
    Buffer.from(hkdfSync("sha256", secret, "", "countersign bounce addresses", 32)).toString("hex"),
  );

const PREFIX = "apr_";
const RETURNED = /^([0-9a-hjkmnp-tv-z]{26})\.(\d{1,6})\.([0-9a-f]{16})$/;

/**
 * `bounces+ID.NUMBER.SIGNATURE@example.com`: the approval's id without its prefix, and 64 bits of HMAC-SHA-256, so that
 * nobody who was not mailed can make up a bounce, and those who were can do so for their own mail only. With `bounces` it
 * is 59 characters of the 64 that RFC 5321 (4.5.3.1.1) allows.
 */
export function createReturnPath({ address, secrets }: ReturnPathOptions): ReturnPath {
  const at = address.lastIndexOf("@");
  const local = `${address.slice(0, at)}+`.toLowerCase();
  const domain = address.slice(at).toLowerCase();
  const [first = ""] = secrets;
  return {
    addressFor: (mail) =>
      `${local}${mail.approval_id.slice(PREFIX.length)}.${mail.number}.${signature(first, mail)}${domain}`,
    read(given) {
      // Servers on the way may have changed the case.
      const text = given.toLowerCase();
      if (!text.startsWith(local) || !text.endsWith(domain)) return null;
      const [, id, digits, signed] = RETURNED.exec(text.slice(local.length, -domain.length)) ?? [];
      if (id === undefined || digits === undefined || signed === undefined) return null;
      const mail = { approval_id: `${PREFIX}${id}`, number: Number(digits) };
      return {
        ...mail,
        isOf: (to) => secrets.some((secret) => isSame(signed, signature(secret, { ...mail, to }))),
      };
    },
  };
}

/** `bounce` keeps it apart from what else the secret signs. */
const signature = (secret: string, { approval_id, number, to }: SentMail): string =>
  createHmac("sha256", secret)
    .update(JSON.stringify(["bounce", approval_id, number, to.toLowerCase()]))
    .digest("hex")
    .slice(0, 16);

const isSame = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a), Buffer.from(b));
