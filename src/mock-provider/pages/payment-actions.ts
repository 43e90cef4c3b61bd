import { formatAmount } from "../currencies.ts";
import type { PaymentIntent } from "../objects.ts";
import type { Account } from "../state.ts";
import { written } from "./amount-field.ts";

/** A form of one button; `amount` and `choice` are fields beside it. */
export interface PaymentAction {
  name: string;
  label: string;
  /** Prefilled, in major units: all that is left. */
  amount?: string;
  choice?: { name: string; label: string; options: readonly (readonly [value: string, text: string])[] };
}

export const CARD_CHOICES = [
  ["pm_card_visa", "Pays", "4242 4242 4242 4242"],
  ["pm_card_chargeDeclined", "Card is declined", "4000 0000 0000 0002"],
  ["pm_card_chargeDeclinedInsufficientFunds", "Insufficient funds", "4000 0000 0000 9995"],
  ["pm_card_chargeDeclinedExpiredCard", "Card has expired", "4000 0000 0000 0069"],
  ["pm_card_chargeDeclinedIncorrectCvc", "CVC is wrong", "4000 0000 0000 0127"],
  ["pm_card_authenticationRequired", "Asks for 3-D Secure", "4000 0027 6000 3184"],
  ["pm_card_createDispute", "Disputed later", "4000 0000 0000 0259"],
  ["pm_card_pendingRefund", "Refund is slow", "4000 0000 0000 7726"],
  ["pm_card_refundFail", "Refund fails later", "4000 0000 0000 5126"],
] as const;

const DISPUTES = [
  ["fraudulent", "fraudulent"],
  ["product_not_received", "product not received"],
  ["inquiry", "inquiry"],
] as const;

const OPEN = ["requires_payment_method", "requires_confirmation", "requires_action", "processing"];

/** What a person can do to a payment in its present state, as somebody with the provider's dashboard, or its customer. */
export function actionsOf(account: Account, payment: PaymentIntent): PaymentAction[] {
  const { currency, status } = payment;
  const charge = account.of.charges.get(payment.latest_charge);
  const actions: PaymentAction[] = [];
  const inCheckout = account.of.payment_notes.get(payment.id)?.session ?? null;
  if (inCheckout === null && (status === "requires_payment_method" || status === "requires_confirmation")) {
    const options = CARD_CHOICES.map(([value, text, number]) => [value, `${text} (${number})`] as const);
    actions.push({
      name: "confirm",
      label: "Pay",
      choice: { name: "card", label: "with the card", options },
    });
  }
  if (status === "requires_action")
    actions.push({ name: "pass", label: "Pass 3-D Secure" }, { name: "fail", label: "Fail 3-D Secure" });
  if (status === "requires_capture")
    actions.push({ name: "capture", label: "Capture", amount: written(payment.amount_capturable, currency) });
  if (OPEN.includes(status)) actions.push({ name: "cancel", label: "Cancel" });
  if (status === "requires_capture") actions.push({ name: "cancel", label: "Void" });
  if (status !== "succeeded" || !charge) return actions;
  const left = charge.amount - charge.amount_refunded;
  const disputed = account.of.disputes.by("charge", charge.id);
  const barred = disputed.some((each) => !each.is_charge_refundable && each.status !== "won");
  if (left > 0 && !barred) actions.push({ name: "refund", label: "Refund", amount: written(left, currency) });
  if (!charge.disputed && charge.captured)
    actions.push({
      name: "dispute",
      label: "Dispute",
      choice: { name: "kind", label: "as", options: DISPUTES },
    });
  return actions;
}

/** `$12.00 of $50.00 captured`, where that is not what the status says anyway. */
export function remark(account: Account, payment: PaymentIntent): string {
  const charge = account.of.charges.get(payment.latest_charge);
  const show = (amount: number) => formatAmount(amount, payment.currency);
  const parts: string[] = [];
  if (payment.status === "succeeded" && payment.amount_received < payment.amount)
    parts.push(`${show(payment.amount_received)} captured`);
  const [dispute] = charge ? account.of.disputes.by("charge", charge.id).slice(-1) : [];
  const given = account.of.refunds
    .by("payment_intent", payment.id)
    .filter(({ status }) => status !== "failed" && status !== "canceled")
    .reduce((sum, { amount }) => sum + amount, 0);
  if (given > 0) parts.push(`${show(given)} refunded`);
  if (dispute) parts.push(`dispute ${dispute.status.replaceAll("_", " ")}`);
  if (payment.last_payment_error) parts.push(payment.last_payment_error.message ?? "declined");
  return parts.join("; ");
}
