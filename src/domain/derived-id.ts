import { createHash } from "node:crypto";

const CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * An id that is derived, not rolled: the time part of a ULID from `at`, its random part from a hash of `source`. The
 * same decision taken again yields the same id, and ids still sort by time (https://github.com/ulid/spec).
 */
export function derivedId<P extends string>(prefix: P, at: Date, source: string): `${P}_${string}` {
  let time = "";
  for (let rest = at.getTime(), i = 0; i < 10; i++, rest = Math.floor(rest / 32))
    time = CROCKFORD.charAt(rest % 32) + time;
  const hash = createHash("sha256").update(source).digest();
  const random = Array.from(hash.subarray(0, 16), (byte) => CROCKFORD.charAt(byte % 32)).join("");
  return `${prefix}_${time}${random}`;
}
