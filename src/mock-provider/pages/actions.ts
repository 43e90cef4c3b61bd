import { cancelPayment, capturePayment } from "../authorizations.ts";
import type { Actor } from "../call.ts";
import { finishChallenge } from "../checkout-payment.ts";
import { confirmWith } from "../confirmation.ts";
import { decideDispute, openDispute } from "../disputes.ts";
import { badState } from "../errors.ts";
import type { Dispute, PaymentIntent } from "../objects.ts";
import { methodNamed } from "../payment-methods.ts";
import { failRefund, refund, settleRefund } from "../refunds.ts";
import { typed } from "./amount-field.ts";

type Form = Record<string, string>;

const isClosed = ({ status }: Dispute) => ["won", "lost", "warning_closed"].includes(status);

/**
 * Does what a button of the pages asks for, as the payment's customer or somebody with the provider's dashboard would.
 * @throws ProviderError when the payment's state does not allow it
 */
export function act(actor: Actor, payment: PaymentIntent, form: Form): void {
  const { charges, disputes } = actor.account.of;
  const charge = charges.get(payment.latest_charge);
  const amount = () => typed(form["amount"], payment.currency);
  switch (form["action"]) {
    case "confirm":
      confirm(actor, payment, form["card"] ?? "");
      return;
    case "pass":
    case "fail":
      if (payment.status !== "requires_action") throw badState("This payment has no challenge to answer.");
      finishChallenge(actor, payment, form["action"] === "pass");
      return;
    case "capture":
      capturePayment(actor, payment, amount());
      return;
    case "cancel":
      cancelPayment(actor, payment, "requested_by_customer");
      return;
    case "refund":
      if (!charge) throw badState("This payment has no charge to refund.");
      refund(actor, charge, { amount: amount(), reason: "requested_by_customer", metadata: {} });
      return;
    case "dispute":
      if (!charge?.captured || charge.disputed) throw badState("This payment cannot be disputed now.");
      openDispute(actor, charge, kindOf(form["kind"]));
      return;
    case "win":
    case "lose": {
      const dispute = disputes.get(form["dispute"]);
      if (!dispute || isClosed(dispute)) throw badState("This dispute is already closed.");
      decideDispute(actor, dispute, form["action"] === "win" ? "won" : "lost");
      return;
    }
    case "fail_refund":
      failRefund(actor, form["refund"] ?? "");
      return;
    case "settle_refund":
      settleRefund(actor, form["refund"] ?? "");
      return;
    default:
      throw badState(`There is no action ${form["action"] ?? ""}.`);
  }
}

function confirm(actor: Actor, payment: PaymentIntent, card: string): void {
  if (payment.status !== "requires_payment_method" && payment.status !== "requires_confirmation")
    throw badState(`This payment has the status ${payment.status}, and cannot be paid now.`);
  const return_url = actor.account.of.payment_notes.get(payment.id)?.return_url ?? null;
  const how = { return_url, off_session: false, error_on_requires_action: false, session: null };
  confirmWith(actor, payment, methodNamed(actor, card, "card"), how);
}

const kindOf = (kind: string | undefined) =>
  kind === "product_not_received" || kind === "inquiry" ? kind : "fraudulent";
