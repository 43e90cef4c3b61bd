import type { Actor } from "./call.ts";
import type { LedgerEntry } from "./objects.ts";

/** The payment's line in the ledger; made when its first money moves. */
export function ledgerOf(actor: Actor, payment: string): LedgerEntry {
  return (
    actor.account.of.ledger.get(payment) ?? {
      id: payment,
      authorized: 0,
      captured: 0,
      captures: 0,
      voided: 0,
      refunded: 0,
      refunds: 0,
      disputed: 0,
    }
  );
}

/** Adds to a payment's line. Amounts only ever come from where money moves: charge, capture, void, refund, dispute. */
export function book(actor: Actor, payment: string | null, change: Partial<Omit<LedgerEntry, "id">>): void {
  if (payment === null) return;
  const line = { ...ledgerOf(actor, payment) };
  line.authorized += change.authorized ?? 0;
  line.captured += change.captured ?? 0;
  line.captures += change.captures ?? 0;
  line.voided += change.voided ?? 0;
  line.refunded += change.refunded ?? 0;
  line.refunds += change.refunds ?? 0;
  line.disputed += change.disputed ?? 0;
  actor.account.of.ledger.put(line);
}
