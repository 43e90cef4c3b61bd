import { createHash } from "node:crypto";

/** The provider's ids of what an event tells of, and of events themselves. A word such as `card_declined` is none. */
const PROVIDER_ID =
  /\b(evt|pi|ch|py|re|du|dp|txn|pm|cus|card|src|req|prod|price|li|cs_test)_(?=[a-z]*[A-Z0-9])([A-Za-z0-9]{8,})/g;

/** Of these the first digit is not chance. */
const VERSIONED = new Set(["evt", "pi", "ch", "py", "re", "du", "dp", "txn", "pm"]);

/**
 * Replaces every id of the provider by one that looks alike and is derived from what `seed` makes of it and of its
 * number by appearance: equal ids stay equal within all texts that the result is called with.
 */
export function newIds(seed: (id: string, serial: number) => string): (text: string) => string {
  const renamed = new Map<string, string>();
  return (text) =>
    text.replaceAll(PROVIDER_ID, (id: string, prefix: string, rest: string) => {
      const version = VERSIONED.has(prefix) ? (/^\d/.exec(rest)?.[0] ?? "") : "";
      const known =
        renamed.get(id) ??
        `${prefix}_${version}${derivedText(seed(id, renamed.size), rest.length - version.length)}`;
      renamed.set(id, known);
      return known;
    });
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Letters and digits that only the seed decides. */
export function derivedText(seed: string, length: number, alphabet = ALPHABET): string {
  let text = "";
  for (let block = 0; text.length < length; block++)
    for (const byte of createHash("sha512").update(`${seed}#${block}`).digest())
      text += alphabet[byte % alphabet.length] ?? "";
  return text.slice(0, length);
}
