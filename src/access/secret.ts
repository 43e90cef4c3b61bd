import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * What is kept of a secret. A plain SHA-256 is right for 256 random bits: nobody can try them through, so slowness (bcrypt, argon2)
 * would protect nothing and cost every request.
 */
export const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** 256 random bits, for cookies and links. */
export const newToken = (): string => randomBytes(32).toString("base64url");
export const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;

const PREFIX = "ck_";

/** A new API key: 256 random bits and their checksum, so that a mistyped or invented one is told without asking the database. */
export function newApiKey(): string {
  const random = randomBytes(32);
  return PREFIX + Buffer.concat([random, checksum(random)]).toString("base64url");
}

/** Whether it could be one that `newApiKey` made. */
export function isApiKey(text: string): boolean {
  if (!/^ck_[A-Za-z0-9_-]{48}$/.test(text)) return false;
  const bytes = Buffer.from(text.slice(PREFIX.length), "base64url");
  return checksum(bytes.subarray(0, 32)).equals(bytes.subarray(32));
}

/** What of a key may be shown. */
export const hintOf = (key: string): string => `${key.slice(0, PREFIX.length + 4)}…`;

function checksum(bytes: Uint8Array): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum;
}
