import { minorDigits } from "../../src/domain/money.ts";
import { decimalOf, toDecimal } from "../../src/payments/standard/amount.ts";
import type { Chargeback, Operation, Payment } from "./payment.ts";

// Payments, operations and chargebacks as the API and the webhooks show them.

export function shownPayment(payment: Payment, baseUrl: string) {
  const decimal = (amount: number) => decimalOf(amount, payment.currency);
  return {
    id: payment.id,
    order: payment.order,
    state: payment.state,
    total: toDecimal({ amount: payment.total, currency: payment.currency }),
    held: decimal(payment.held),
    captured: decimal(payment.captured),
    fee: payment.captured > 0 ? decimal(Math.ceil(payment.captured / 100)) : null,
    hold_until: payment.hold_until,
    pay_url: payment.via === "page" ? `${baseUrl}/pay/${payment.id}` : null,
    client_token: payment.via === "client" ? payment.id.replace("pay_", "token_") : null,
    decline: payment.decline,
    cancelled_because: payment.cancelled_because,
    refunds: payment.operations.filter((o) => o.kind === "refund").map((o) => shownOperation(payment, o)),
    chargebacks: payment.chargebacks.map((c) => shownChargeback(payment, c)),
  };
}

export const shownOperation = ({ order, currency }: Payment, { amount, ...operation }: Operation) => ({
  ...operation,
  order,
  amount: toDecimal({ amount, currency }),
});

/** Minor units by the digits of the currency. */
const CHARGEBACK_FEE: Record<number, number> = { 0: 1500, 2: 1500, 3: 15_000 };

export const shownChargeback = (
  { id: payment, order, currency, captured }: Payment,
  chargeback: Chargeback,
) => ({
  ...chargeback,
  payment,
  order,
  amount: toDecimal({ amount: captured, currency }),
  fee: toDecimal({ amount: CHARGEBACK_FEE[minorDigits(currency)] ?? 0, currency }),
});
