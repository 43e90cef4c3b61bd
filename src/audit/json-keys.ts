/**
 * Does some object in this JSON text name a key twice? Readers disagree about which of the two counts, so that the text could
 * show one thing to us and another to somebody else. `value` is what the text parses to.
 */
export function hasRepeatedKeys(text: string, value: unknown): boolean {
  if (JSON.stringify(value) === text) return false;
  const inText = text.replace(/"(?:[^"\\]|\\.)*"/g, "").match(/:/g)?.length ?? 0;
  return inText !== countKeys(value);
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inside = Object.values(value).reduce<number>((sum, item) => sum + countKeys(item), 0);
  return Array.isArray(value) ? inside : inside + Object.keys(value).length;
}
