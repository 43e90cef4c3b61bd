import type { AuditEntry } from "../domain/audit-entry.ts";

const COLUMNS = [
  "seq",
  "id",
  "order_id",
  "at",
  "type",
  "actor_type",
  "actor_id",
  "data",
  "prev_hash",
  "hash",
];

/** RFC 4180: the line that names the columns. */
export const CSV_HEADER = `${COLUMNS.join(",")}\r\n`;

export function csvLine(entry: AuditEntry): string {
  const { seq, id, order_id, at, type, actor, data, prev_hash, hash } = entry;
  const cells = [seq, id, order_id, at, type, actor.type, actor.id, JSON.stringify(data), prev_hash, hash];
  return `${cells.map((value) => cell(String(value))).join(",")}\r\n`;
}

/** What a spreadsheet would take for a formula is marked as text (https://owasp.org/www-community/attacks/CSV_Injection). */
function cell(text: string): string {
  // eslint-disable-next-line no-control-regex -- A leading tab, line break or NUL is skipped by spreadsheets.
  const safe = /^[=+\-@\t\r\n\u0000]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
