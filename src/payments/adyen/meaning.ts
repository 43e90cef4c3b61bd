import type { OrderMessage } from "../../domain/order.ts";
import type { DisputeSnapshot, PaymentSnapshot, RefundSnapshot } from "../../domain/payment.ts";
import { correlate } from "../event-json.ts";
import type { Interpreted } from "../provider.ts";
import type { Item } from "./notification.ts";

/** Currencies that Adyen counts in another minor unit than we do (https://docs.adyen.com/development-resources/currency-codes). */
const OTHER_MINOR_UNIT = new Set(["CLP", "CVE", "IDR"]);

/** What an item tells an order. Only its signed fields decide. */
export function interpret(item: Item, source: string): Interpreted {
  const { eventCode, amount } = item;
  const done = item.success === "true";
  if (OTHER_MINOR_UNIT.has(amount.currency))
    return lookAt(`${eventCode}: Adyen counts ${amount.currency} in another minor unit`);
  switch (eventCode) {
    case "AUTHORISATION":
      return about(item, {
        type: "payment.seen",
        payment: done ? paymentOf(item, "requires_capture") : declinedOf(item),
        source,
      });
    case "CAPTURE":
      return done
        ? about(item, { type: "payment.seen", payment: paymentOf(item, "succeeded"), source })
        : lookAt(`${eventCode}: the capture was refused`);
    case "CAPTURE_FAILED":
      return lookAt(`${eventCode}: what was captured is not paid out`);
    case "CANCELLATION":
    case "TECHNICAL_CANCEL":
      return done
        ? about(item, { type: "payment.seen", payment: paymentOf(item, "canceled"), source })
        : lookAt(`${eventCode}: the payment could not be cancelled`);
    case "REFUND":
      return about(item, { type: "refund.seen", refund: refundOf(item, done), source });
    case "REFUND_FAILED":
    case "REFUNDED_REVERSED":
      return about(item, { type: "refund.seen", refund: refundOf(item, false), source });
    case "CANCEL_OR_REFUND":
      return lookAt(`${eventCode}: which of both it was is not signed`);
    case "REQUEST_FOR_INFORMATION":
      return disputed(item, { status: "warning_needs_response" }, source);
    case "NOTIFICATION_OF_CHARGEBACK":
      return disputed(item, { status: "needs_response" }, source);
    case "CHARGEBACK":
      return disputed(item, { status: "needs_response", withdrawn: amount.value }, source);
    case "CHARGEBACK_REVERSED":
    case "PREARBITRATION_WON":
      return disputed(item, { status: "won", withdrawn: amount.value, reinstated: amount.value }, source);
    case "DISPUTE_DEFENSE_PERIOD_ENDED":
      return disputed(item, { status: "lost", withdrawn: amount.value }, source);
    case "SECOND_CHARGEBACK":
    case "PREARBITRATION_LOST":
      return lookAt(`${eventCode}: a dispute that was won is lost after all`);
    default:
      return { kind: "irrelevant", reason: `${eventCode}: orders do not depend on it` };
  }
}

/** Authentic and of weight, but orders have no word for it: people look. */
const lookAt = (reason: string): Interpreted => ({ kind: "incomprehensible", reason });

/** A modification names its payment in `originalReference`; a payment is its own. */
const paymentIdOf = ({ pspReference, originalReference }: Item): string => originalReference || pspReference;

const about = (item: Item, message: OrderMessage): Interpreted => ({
  kind: "message",
  correlation: correlate(item.merchantReference, paymentIdOf(item)),
  message,
});

/** An item tells one amount: of a payment that is captured in part it is not the payment's, so the order is held. */
function paymentOf(item: Item, status: "requires_capture" | "succeeded" | "canceled"): PaymentSnapshot {
  const { value } = item.amount;
  return {
    id: paymentIdOf(item),
    status,
    amount: value,
    currency: item.amount.currency.toLowerCase(),
    amount_capturable: status === "requires_capture" ? value : 0,
    amount_captured: status === "succeeded" ? value : 0,
    capture_before: null,
    client_secret: null,
    failure: null,
    cancellation_reason: status === "canceled" ? "requested" : null,
    fee: null,
  };
}

const declinedOf = (item: Item): PaymentSnapshot => ({
  ...paymentOf(item, "canceled"),
  status: "requires_payment_method",
  cancellation_reason: null,
  failure: { code: "refused", message: item.reason ?? "The payment was refused." },
});

const refundOf = (item: Item, done: boolean): RefundSnapshot => ({
  id: item.pspReference,
  refund_id: item.merchantReference.startsWith("rfd_") ? item.merchantReference : null,
  status: done ? "succeeded" : "failed",
  amount: item.amount.value,
  failure: done ? null : (item.reason ?? item.eventCode.toLowerCase()),
});

function disputed(
  item: Item,
  told: Pick<DisputeSnapshot, "status"> & Partial<DisputeSnapshot>,
  source: string,
): Interpreted {
  const dispute = {
    id: item.pspReference,
    amount: item.amount.value,
    reason: item.reason ?? "unknown",
    withdrawn: 0,
    reinstated: 0,
    fee: 0,
    ...told,
  };
  return about(item, { type: "dispute.seen", dispute, source });
}
