/** Escapes that are JSON but that PostgreSQL's jsonb refuses, as RFC 8785 does the second: NUL, and halves of surrogate pairs. */
const UNSTORABLE = /\\u(0000|d[89a-f])/i;

const replaced = (_: string, value: unknown): unknown =>
  typeof value === "string" ? value.replaceAll("\0", "\uFFFD").toWellFormed() : value;

/** Parses JSON of others, with what cannot be stored replaced by U+FFFD. @throws SyntaxError */
export const parseStorable = (text: string): unknown =>
  JSON.parse(text, text.includes("\\u") && UNSTORABLE.test(text) ? replaced : undefined);

/** JSON that the database takes and that reads back as it was written. */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value);
  return UNSTORABLE.test(text) ? JSON.stringify(parseStorable(text)) : text;
}
