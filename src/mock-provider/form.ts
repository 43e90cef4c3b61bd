import qs from "qs";

/** A decoded request: every leaf is a string, lists and hashes nest. */
export type Form = Record<string, unknown>;

export const isHash = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A path as Stripe writes it: `line_items[0][price]`. */
export const written = (path: readonly PropertyKey[]) =>
  path.map((part, index) => (index === 0 ? String(part) : `[${String(part)}]`)).join("");

/**
 * Decodes Stripe's form encoding: `a[b]=`, `a[0]=` (the SDKs) and `a[]=` (curl, the CLI). In `a[][x]=1&a[][y]=2`, a
 * repeated name begins the next element, as Stripe's examples with curl have it.
 */
export function decodeForm(text: string): Form {
  if (text === "") return {};
  const parsed = qs.parse(text.includes("[]") || text.includes("%5B%5D") ? numbered(text) : text, {
    depth: 12,
    arrayLimit: 1000,
    parameterLimit: 5000,
    plainObjects: true,
    interpretNumericEntities: false,
  });
  return { ...parsed };
}

function numbered(text: string): string {
  const lists = new Map<string, { index: number; seen: Set<string> }>();
  const pairs: string[] = [];
  for (const pair of text.split("&")) {
    const cut = pair.indexOf("=");
    const rawKey = cut < 0 ? pair : pair.slice(0, cut);
    let key = rawKey
      .replaceAll("%5B", "[")
      .replaceAll("%5D", "]")
      .replaceAll("%5b", "[")
      .replaceAll("%5d", "]");
    for (let at = key.indexOf("[]"); at >= 0; at = key.indexOf("[]")) {
      const prefix = key.slice(0, at);
      const rest = key.slice(at + 2);
      const list = lists.get(prefix) ?? { index: 0, seen: new Set<string>() };
      if (list.seen.has(rest)) {
        list.index += 1;
        list.seen.clear();
      }
      list.seen.add(rest);
      lists.set(prefix, list);
      key = `${prefix}[${list.index}]${rest}`;
    }
    pairs.push(cut < 0 ? key : `${key}${pair.slice(cut)}`);
  }
  return pairs.join("&");
}
