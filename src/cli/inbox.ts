import { paint, type Output } from "./output.ts";

/** What the list of received webhooks shows of each. */
export interface InboxRow {
  id: string;
  type: string;
  state: string;
  reason: string | null;
  order_id: string | null;
  duplicates: number;
  recovered: boolean;
  received_at: string;
}

/** One line each, newest first. */
export function inboxTable(rows: InboxRow[], output: Output): string {
  if (rows.length === 0) return "no webhook was received yet\n";
  const c = paint(output);
  const colors: Record<string, (text: string) => string> = {
    routed: c.green,
    parked: c.yellow,
    quarantined: c.red,
    failed: c.red,
  };
  return rows
    .map((row) => {
      const state = (colors[row.state] ?? c.dim)(row.state.padEnd(11));
      const again = row.duplicates > 0 ? ` (+${row.duplicates})` : "";
      const found = row.recovered ? c.yellow(" recovered") : "";
      return `${row.received_at}  ${state}  ${row.type}${again}${found}  ${row.order_id ?? ""}  ${c.dim(row.reason ?? row.id)}\n`;
    })
    .join("");
}
