import { type OrderState, paidCurrency, refundedAmount } from "./order.ts";

/**
 * Where an order's money can be: with the customer, held at the provider, on the merchant's balance there, taken for a
 * dispute, or spent on the provider's fees.
 */
export const LEDGER_ACCOUNTS = ["customer", "authorization", "balance", "dispute", "fees"] as const;
export type LedgerAccount = (typeof LEDGER_ACCOUNTS)[number];

export const POSTING_TYPES = [
  "authorized",
  "captured",
  "released",
  "refunded",
  "disputed",
  "dispute_reinstated",
  "dispute_lost",
  "fee",
] as const;

/** Moves `amount` minor units from account `credit` to account `debit`. */
export interface Posting {
  type: (typeof POSTING_TYPES)[number];
  debit: LedgerAccount;
  credit: LedgerAccount;
  amount: number;
}

/** An order's money as double-entry bookkeeping: what is on the accounts always adds up to nothing. Minor units. */
export interface LedgerView {
  currency: string;
  postings: Posting[];
  /** Debits less credits of each account; `customer` is what the customer paid, negated. */
  accounts: Record<LedgerAccount, number>;
}

/** The order's ledger. It follows from the amounts that the order knows; each kind of movement is one posting, in sum. */
export function ledgerOf(state: OrderState): LedgerView {
  const { payment, disputes } = state;
  const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0);
  const { amount_authorized: authorized, amount_captured: captured } = payment;
  const over = payment.status === "succeeded" || payment.status === "canceled";
  const withdrawn = sum(disputes.map((dispute) => dispute.withdrawn));
  const reinstated = sum(disputes.map((dispute) => dispute.reinstated));
  const lost = sum(disputes.filter((d) => d.status === "lost").map((d) => d.withdrawn - d.reinstated));
  const fees = (payment.fee ?? 0) + sum(disputes.map((dispute) => dispute.fee));
  const all: Posting[] = [
    { type: "authorized", debit: "authorization", credit: "customer", amount: authorized },
    { type: "captured", debit: "balance", credit: "authorization", amount: captured },
    {
      type: "released",
      debit: "customer",
      credit: "authorization",
      amount: over ? authorized - captured : 0,
    },
    { type: "refunded", debit: "customer", credit: "balance", amount: refundedAmount(state) },
    { type: "disputed", debit: "dispute", credit: "balance", amount: withdrawn },
    { type: "dispute_reinstated", debit: "balance", credit: "dispute", amount: reinstated },
    { type: "dispute_lost", debit: "customer", credit: "dispute", amount: lost },
    { type: "fee", debit: "fees", credit: "balance", amount: fees },
  ];
  const postings = all.filter((posting) => posting.amount !== 0);
  return { currency: paidCurrency(state), postings, accounts: balancesOf(postings) };
}

function balancesOf(postings: Posting[]): Record<LedgerAccount, number> {
  const accounts = { customer: 0, authorization: 0, balance: 0, dispute: 0, fees: 0 };
  for (const { debit, credit, amount } of postings) {
    accounts[debit] += amount;
    accounts[credit] -= amount;
  }
  return accounts;
}
