import pc from "picocolors";
import type { ApiReplayReport } from "./api-fixtures.ts";
import type { EventReport, OrderReport, ReplayReport } from "./report.ts";

/** What a replay came to, for a person: each event, each order, and the counts. */
export function printReport(report: ReplayReport, write: (line: string) => void): void {
  const width = Math.max(...report.events.map(({ file }) => file.length));
  for (const order of report.orders) {
    write(`${pc.bold(order.scenario)}  ${order.title}  ${pc.dim(order.order_id)}`);
    for (const event of report.events.filter((e) => e.scenario === order.scenario))
      write(`  ${mark(event.ok)} ${event.file.padEnd(width)}  ${said(event)}`);
    write(`  ${mark(order.ok)} ${endOf(order)}`);
    write("");
  }
  const { sent, answers, states } = report.counts;
  write(`${sent} requests in ${(report.took_ms / 1000).toFixed(1)} s: ${list(answers)}`);
  write(`${report.events.length} events: ${list(states)}`);
  const good = report.orders.filter(({ ok }) => ok).length;
  const all = `${good} of ${report.orders.length} orders as expected`;
  write(
    report.ok ? pc.green(all) : pc.red(`${all}; ${report.events.filter((e) => !e.ok).length} events not`),
  );
}

const mark = (ok: boolean): string => (ok ? pc.green("✓") : pc.red("✗"));

function said({ state, reason, sends, duplicates }: EventReport): string {
  const answers = sends.map(({ copy, status }) => (copy === "original" ? `${status}` : `${copy} ${status}`));
  const again = duplicates > 0 ? `, came ${duplicates + 1} times` : "";
  return `${state ?? "not among the newest"}${again}  ${pc.dim([answers.join(", "), reason ?? ""].join("  ").trim())}`;
}

function endOf({ status, expected, ok, amount_captured, amount_refunded, entries }: OrderReport): string {
  const money = `captured ${amount_captured}, refunded ${amount_refunded}, ${entries} trail entries`;
  const wanted = ok || expected === null ? "" : `, expected ${expected}`;
  return `${pc.bold(status)}${wanted}  ${pc.dim(money)}`;
}

const list = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");

/** What requests to the provider's API came to, and what the service heard of them. */
export function printApiReport(file: string, report: ApiReplayReport, write: (line: string) => void): void {
  write(pc.bold(file));
  for (const { ok, name, method, path, status, id, error } of report.requests)
    write(`  ${mark(ok)} ${name}  ${method} ${path}  ${status}  ${id ?? error ?? ""}`);
  for (const { type, state, reason, order_id } of report.events)
    write(`  ${mark(state !== null)} ${type}  ${state ?? "not received"}  ${order_id ?? reason ?? ""}`);
  write("");
}
