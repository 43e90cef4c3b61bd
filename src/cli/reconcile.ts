import { setTimeout as sleep } from "node:timers/promises";
import type { ReportedDifference } from "../db/reconciliations.ts";
import { formatMoney } from "../domain/money.ts";
import { request, type Target } from "./client.ts";
import { paint, type ExitCode, type Output } from "./output.ts";

interface ReportView {
  id: string;
  status: string;
  checked: number;
  differences: ReportedDifference[];
  failure: string | null;
}

/** `3d`, `12h`, `30m` back from now, or an RFC 3339 time. @returns null for anything else */
export function sinceOf(text: string, now: Date): Date | null {
  const back = /^(\d{1,4})([dhm])$/.exec(text);
  if (back) {
    const unit = { d: 86_400_000, h: 3_600_000, m: 60_000 }[back[2] as "d" | "h" | "m"];
    return new Date(now.getTime() - Number(back[1]) * unit);
  }
  const at = new Date(text);
  return /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(at.getTime()) ? at : null;
}

/**
 * Starts a report, waits for it and shows what differs.
 * @returns 1 when something still differs, or when the report could not be finished
 */
export async function reconcile(
  target: Target,
  since: Date,
  output: Output,
  { json, allEvents }: { json: boolean; allEvents: boolean },
): Promise<ExitCode> {
  let report = await request<ReportView>(target, "POST", "/v1/reconciliations", {
    since: since.toISOString(),
    all_events: allEvents,
  });
  while (report.status === "running") {
    await sleep(200);
    report = await request<ReportView>(target, "GET", `/v1/reconciliations/${report.id}`);
  }
  output.write(json ? `${JSON.stringify(report)}\n` : reportText(report, output));
  const left = report.differences.some((difference) => !difference.repaired);
  return report.status === "finished" && !left ? 0 : 1;
}

function reportText(report: ReportView, output: Output): string {
  const c = paint(output);
  const lines = report.differences.map((each) => {
    const outcome = each.repaired ? c.green("repaired") : c.red("differs ");
    const amount = (value: number | string | null) =>
      typeof value === "number"
        ? formatMoney({ amount: value, currency: each.currency })
        : (value ?? "nothing");
    return `${outcome}  ${each.order_id}  ${each.reference}  ${each.field}: ours ${amount(each.ours)}, provider ${amount(each.provider)}\n`;
  });
  const left = report.differences.filter((each) => !each.repaired).length;
  const repaired = report.differences.length - left;
  const orders = `${report.checked} ${report.checked === 1 ? "order" : "orders"} compared with the provider`;
  const verdict =
    report.status !== "finished"
      ? c.red(`the report could not be finished: ${report.failure ?? "unknown"}`)
      : report.differences.length === 0
        ? c.green("all agree")
        : `${left} ${left === 1 ? "difference is" : "differences are"} left, ${repaired} repaired`;
  return `${lines.join("")}${orders}: ${verdict}\n`;
}
