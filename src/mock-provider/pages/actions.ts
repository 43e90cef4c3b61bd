import type { Actor } from "../call.ts";
import { decideDispute, openDispute } from "../disputes.ts";
import { badState } from "../errors.ts";
import type { PaymentIntent } from "../objects.ts";
import { cancelPayment, capturePayment } from "../authorizations.ts";
import { refund } from "../refunds.ts";

/** What the buttons of the front page do, as somebody with access to the provider's dashboard would. */
export function act(actor: Actor, payment: PaymentIntent, action: string): void {
  const { charges, disputes } = actor.account.of;
  const charge = charges.get(payment.latest_charge);
  switch (action) {
    case "capture":
      capturePayment(actor, payment, null);
      return;
    case "cancel":
      cancelPayment(actor, payment, "requested_by_customer");
      return;
    case "refund":
      if (charge) refund(actor, charge, { amount: null, reason: "requested_by_customer", metadata: {} });
      return;
    case "dispute":
      if (charge?.captured && !charge.disputed) openDispute(actor, charge, "fraudulent");
      return;
    case "win":
    case "lose": {
      const open = disputes
        .by("charge", charge?.id ?? "")
        .find((each) => !/won|lost|closed/.test(each.status));
      if (open) decideDispute(actor, open, action === "win" ? "won" : "lost");
      return;
    }
    default:
      throw badState(`There is no action ${action}.`);
  }
}
