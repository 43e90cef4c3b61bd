import type { AlertKind } from "../../domain/order.ts";
import { formatMoney } from "../../domain/money.ts";
import { oneLine } from "../markup.ts";
import { formatWhen } from "../wording.ts";
import { mailContent, type MailContent } from "./document.ts";

/** What a person who runs the service has to know. */
export interface AlertView {
  alert: AlertKind;
  /** A sentence without its end. */
  problem: string;
  /** The id of what it is about: a refund, a dispute, a payment. */
  about: string;
  order: { id: string; reference: string; amount: number; currency: string; status: string };
  at: string;
  time_zone?: string;
}

interface Wording {
  heading: string;
  remedy: string;
}

const WORDING: Record<AlertKind, Wording> = {
  order_held: {
    heading: "An order is held",
    remedy:
      "Compare order and payment. Send the order topic “resolve” with action “accept” to let it go on as it is, or " +
      "“give_back” to return the money.",
  },
  capture_failed: {
    heading: "A payment could not be captured",
    remedy:
      "The order has failed and what was held is given back. If the goods are to be delivered, take the payment anew.",
  },
  captured_outside: {
    heading: "A payment was captured outside of Countersign",
    remedy:
      "Nobody has decided on this order yet. It goes on as if it had been captured here: if it is rejected, the money is refunded.",
  },
  authorization_lapsing: {
    heading: "An authorization is about to lapse",
    remedy: "Send the order topic “capture” to take the money, or let it go: it is given back by itself.",
  },
  second_payment: {
    heading: "A second payment names this order",
    remedy:
      "The customer may have paid twice. Look at both payments at the provider, and refund one of them there.",
  },
  refund_failed: {
    heading: "A refund failed",
    remedy:
      "The customer does not have this money. Refund again, or pay it back in another way and note it on the order.",
  },
  inquiry_opened: {
    heading: "A payment is questioned",
    remedy:
      "Answer at the provider before its deadline: an inquiry without an answer often becomes a dispute.",
  },
  dispute_opened: {
    heading: "A payment is disputed",
    remedy: "Answer at the provider before its deadline; without evidence the dispute is lost.",
  },
  dispute_lost: {
    heading: "A dispute is lost",
    remedy: "The money is gone. Nothing is left to do in Countersign.",
  },
  void_failed: {
    heading: "An authorization could not be given back",
    remedy: "Cancel the payment at the provider; otherwise the money is held until the authorization lapses.",
  },
};

/** Tells the operator what happened, to which order, and what to do about it. */
export function alertMail({ alert, problem, about, order, at, time_zone: zone }: AlertView): MailContent {
  const { heading, remedy } = WORDING[alert];
  const reference = oneLine(order.reference, 80);
  return mailContent(`${heading}: ${reference}`, [
    { kind: "heading", text: heading },
    { kind: "paragraph", text: `${oneLine(problem, 400).replace(/^./, (first) => first.toUpperCase())}.` },
    { kind: "paragraph", text: remedy },
    {
      kind: "facts",
      rows: [
        ["Order", `${reference} (${order.id})`],
        ["Amount", formatMoney(order)],
        ["Status", order.status],
        ["About", about === order.id ? null : about],
        ["On", formatWhen(at, zone)],
      ],
    },
    { kind: "footnote", text: "You get this mail because OPERATOR_EMAIL names you." },
  ]);
}
