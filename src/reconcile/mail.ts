import type { ReportedDifference } from "../db/reconciliations.ts";
import type { Log } from "../log.ts";
import { differencesMail } from "../mail/templates/index.ts";
import type { Mailer } from "../mail/transport.ts";

/** Tells the operator what a night's comparison found. The report is stored, so a mail that is lost loses nothing. */
export async function mailDifferences(
  mailer: Mailer,
  operator: string | null,
  tenant: string,
  differences: ReportedDifference[],
  log: Log,
): Promise<void> {
  log.warn({ tenant, differences: differences.length }, "orders and provider differed");
  if (operator === null) return;
  const day = new Date().toISOString().slice(0, 10);
  const sent = await mailer.send({
    ...differencesMail(tenant, differences),
    to: operator,
    messageId: `<reconciliation.${tenant}.${day}@countersign>`,
  });
  if (sent.outcome !== "accepted")
    log.error({ reason: sent.reason }, "the operator could not be told of differences");
}
