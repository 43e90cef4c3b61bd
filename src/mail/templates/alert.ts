import type { AlertKind } from "../../domain/order.ts";
import { formatMoney } from "../../domain/money.ts";
import { oneLine } from "../markup.ts";
import { formatWhen } from "../wording.ts";
import type { Row } from "./blocks.ts";
import { mailContent, type MailContent } from "./document.ts";

/** What a person who runs the service has to know. */
export interface AlertView {
  alert: AlertKind;
  /** A sentence without its end. */
  problem: string;
  /** The id of what it is about: a refund, a dispute, a payment. */
  about: string;
  /** When it is decided without anybody, RFC 3339; null: never. */
  until: string | null;
  order: { id: string; reference: string; amount: number; currency: string; status: string };
  at: string;
  time_zone?: string;
}

interface Wording {
  heading: string;
  /** What `about` is. */
  about: "Order" | "Payment" | "Refund" | "Dispute";
  /** What the reader can do, and what happens without them. */
  choices: readonly Row[];
  /** Where to: the path below the order's own. */
  send_to?: "messages" | "refunds";
}

const wordingOf = (alert: AlertKind, about: string, until: string): Wording => {
  switch (alert) {
    case "order_held":
      return {
        heading: "An order is held",
        about: "Order",
        choices: [
          ["To go on as it is", "Send topic resolve with action accept, and a reason."],
          ["To return the money", "Send topic resolve with action give_back, and a reason."],
          ["If nobody decides", `The money is returned on ${until}, and the order fails.`],
        ],
        send_to: "messages",
      };
    case "capture_failed":
      return {
        heading: "A payment could not be captured",
        about: "Payment",
        choices: [
          ["Done already", "The order has failed, and what was held is given back."],
          ["To deliver all the same", "Create a new order, and let the customer pay again."],
        ],
      };
    case "captured_outside":
      return {
        heading: "A payment was captured outside of Countersign",
        about: "Payment",
        choices: [
          [
            "If that was meant",
            "Do nothing. Whoever was asked still decides: a rejection refunds the money.",
          ],
          ["If it was not", "Refund the order, and look who can capture at the provider."],
        ],
        send_to: "refunds",
      };
    case "authorization_lapsing":
      return {
        heading: "An authorization is about to lapse",
        about: "Payment",
        choices: [
          ["To take the money", `Send topic capture before ${until}.`],
          ["If you do nothing", "It is given back to the customer then, and the order expires."],
        ],
        send_to: "messages",
      };
    case "second_payment":
      return {
        heading: "A second payment names this order",
        about: "Payment",
        choices: [
          ["If the customer paid twice", `Refund ${about} at the provider: Countersign leaves it alone.`],
          ["The order", "Goes on with its own payment."],
        ],
      };
    case "refund_failed":
      return {
        heading: "A refund failed",
        about: "Refund",
        choices: [
          ["To try again", "Refund the order once more."],
          ["Or in another way", "Pay by bank transfer, say, and keep it in the trail with topic note."],
        ],
        send_to: "refunds",
      };
    case "inquiry_opened":
      return {
        heading: "A payment is questioned",
        about: "Dispute",
        choices: [
          [
            "To explain it",
            "Answer at the provider before its deadline; without an answer it may become a dispute.",
          ],
          ["To give in", "Refund the order."],
        ],
        send_to: "refunds",
      };
    case "dispute_opened":
      return {
        heading: "A payment is disputed",
        about: "Dispute",
        choices: [
          ["To contest it", "Send evidence at the provider before its deadline; without any it is lost."],
          ["To accept it", "Do nothing. Do not refund: the bank has taken the money already."],
        ],
      };
    case "dispute_lost":
      return {
        heading: "A dispute is lost",
        about: "Dispute",
        choices: [["Nothing to do", "The money stays with the customer, and the order's ledger says so."]],
      };
    case "void_failed":
      return {
        heading: "An authorization could not be given back",
        about: "Payment",
        choices: [
          ["To release it", "Cancel the payment at the provider."],
          ["If you do nothing", "The customer's money is held until the authorization lapses by itself."],
        ],
      };
  }
};

/** Tells the operator what happened, to which order, and what to do about it. */
export function alertMail(view: AlertView): MailContent {
  const { order, time_zone: zone } = view;
  const about = oneLine(view.about, 80);
  const until = view.until === null ? "its deadline" : formatWhen(view.until, zone);
  const { heading, choices, send_to, about: what } = wordingOf(view.alert, about, until);
  const reference = oneLine(order.reference, 80);
  return mailContent(`${heading}: ${reference}`, [
    { kind: "heading", text: heading },
    {
      kind: "paragraph",
      text: `${oneLine(view.problem, 400).replace(/^./, (first) => first.toUpperCase())}.`,
    },
    { kind: "steps", title: "What to do", rows: choices },
    {
      kind: "facts",
      rows: [
        ["Order", `${reference}\n${order.id}`],
        ["Amount", formatMoney(order)],
        ["Status", order.status.replaceAll("_", " ")],
        [what, about === order.id || about === "" ? null : about],
        ["Send to", send_to ? `POST /v1/orders/:id/${send_to}` : null],
        ["Since", formatWhen(view.at, zone)],
      ],
    },
    { kind: "footnote", text: "You get this mail because OPERATOR_EMAIL names you." },
  ]);
}
