/**
 * The canonical JSON of RFC 8785 of what was parsed from JSON: properties sorted by UTF-16 code units (section 3.2.3), numbers and
 * strings as `JSON.stringify` writes them (3.2.2). A property that is undefined is left out. The text is that of the package
 * `canonicalize` in less than half of its time, since nothing that was parsed holds a cycle, a `toJSON` or NaN; half a
 * surrogate pair is to be replaced before (`parseStorable`).
 */
export function canonicalJson(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const object = value as Record<string, unknown>;
  let text = "";
  for (const key of Object.keys(object).sort()) {
    const property = object[key];
    if (property === undefined) continue;
    text += `${text === "" ? "{" : ","}${JSON.stringify(key)}:${canonicalJson(property)}`;
  }
  return text === "" ? "{}" : `${text}}`;
}
