import { createHash, createHmac } from "node:crypto";

/** What one mailed link is for. The same link made again is the same link, so nothing secret has to be kept. */
export interface LinkSubject {
  approval_id: string;
  gate: number;
  revision: number;
  approver: string;
  number: number;
}

export interface LinkSecret {
  version: string;
  secret: string;
}

/**
 * The token of a link: `VERSION.` and 256 bits of HMAC-SHA-256 in base64url. It cannot be guessed or derived without the
 * secret, and says nothing about what it is for.
 */
export function linkToken({ version, secret }: LinkSecret, link: LinkSubject): string {
  const text = JSON.stringify([
    link.approval_id,
    link.gate,
    link.revision,
    link.approver.toLowerCase(),
    link.number,
  ]);
  return `${version}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** What is stored of a token, and by which a link is found. Rotated secrets therefore kill no mailed link. */
export const tokenHash = (token: string): string => createHash("sha256").update(token).digest("hex");

/** The form of a token; anything else need not be looked up. */
export const TOKEN_PATTERN = /^[a-z0-9]{1,8}\.[A-Za-z0-9_-]{43}$/;
