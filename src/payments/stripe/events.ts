import { z } from "zod";
import type { OrderMessage } from "../../domain/order.ts";
import { complaint, correlate, eventName, parseEventJson, unreadable } from "../event-json.ts";
import type { Correlation, Interpreted } from "../provider.ts";
import type { ReadEvent } from "../webhook-source.ts";
import { changeOf } from "./change.ts";
import {
  chargeShape,
  disputeOf,
  disputeShape,
  intentShape,
  paymentOf,
  paymentOfCharge,
  refundOf,
  refundShape,
  sessionOf,
  sessionShape,
} from "./snapshots.ts";

/** What an event is about is only passed on here, not copied. */
const typed = z.custom<{ object: string }>(
  (value) =>
    typeof value === "object" && value !== null && "object" in value && typeof value.object === "string",
  "must be an object that says what it is",
);

const envelope = z.object({
  id: eventName,
  object: z.literal("event"),
  type: eventName,
  account: z.string().nullish(),
  livemode: z.boolean().nullish(),
  data: z.object({ object: typed }),
});

/** Whose events we take. */
export interface Ours {
  /** Whether our key is a live one; null: unknown, and events of either mode are taken. */
  livemode: boolean | null;
  /** Our own account's id. Events that name another account are Connect's, and are told of that account. */
  account: string | null;
}

/**
 * Reads a verified body (https://docs.stripe.com/api/events/object). The object within decides what it means; the event's
 * type only tells which objects to expect.
 */
export function readEvent(body: Buffer, ours: Ours = { livemode: null, account: null }): ReadEvent {
  let json: unknown;
  try {
    json = parseEventJson(body);
  } catch {
    return unreadable("the body is not JSON in UTF-8");
  }
  const parsed = envelope.safeParse(json);
  if (!parsed.success) return unreadable(`not an event: ${complaint(parsed.error)}`);
  const { id, type, data } = parsed.data;
  const foreign = foreignTo(ours, parsed.data);
  if (foreign) return { event_id: id, type, meaning: foreign };
  try {
    const meaning = interpret(type, data.object, `webhook ${id}`);
    return { event_id: id, type, meaning, change: meaning.kind === "message" ? changeOf(json) : null };
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const reason = `${type}: ${complaint(error)}`;
    return { event_id: id, type, meaning: { kind: "incomprehensible", reason } };
  }
}

/**
 * An endpoint for Connect is sent the events of other accounts, of both modes (https://docs.stripe.com/connect/webhooks);
 * an event of our own in the other mode means that key and endpoint do not belong together.
 */
function foreignTo(ours: Ours, { type, account, livemode }: z.output<typeof envelope>): Interpreted | null {
  if (account && account !== ours.account)
    return { kind: "irrelevant", reason: `${type}: of the account ${account.slice(0, 64)}, not of ours` };
  if (ours.livemode === null || typeof livemode !== "boolean" || livemode === ours.livemode) return null;
  const mode = (live: boolean) => (live ? "live" : "test");
  const reason = `${type}: an event in ${mode(livemode)} mode, but the API key is for ${mode(ours.livemode)} mode`;
  return { kind: "incomprehensible", reason };
}

const message = (correlation: Correlation, content: OrderMessage): Interpreted => ({
  kind: "message",
  correlation,
  message: content,
});

function interpret(type: string, object: { object: string }, source: string): Interpreted {
  switch (object.object) {
    case "payment_intent": {
      const intent = intentShape.parse(object);
      return message(correlate(intent.metadata?.["order_id"], intent.id, null), {
        type: "payment.seen",
        payment: paymentOf(intent),
        source,
      });
    }
    case "checkout.session": {
      const session = sessionOf(sessionShape.parse(object));
      const { client_reference_id, metadata } = sessionShape.parse(object);
      return message(
        correlate(metadata?.["order_id"] ?? client_reference_id, session.payment_id, session.id),
        {
          type: "session.seen",
          session,
          source,
        },
      );
    }
    case "charge": {
      const charge = chargeShape.parse(object);
      const correlation = correlate(charge.metadata?.["order_id"], charge.payment_intent, null);
      if (type === "charge.refunded") {
        // Released without a capture is called refunded too, and so is what a partial capture leaves.
        const amount_refunded = charge.captured
          ? charge.amount_refunded - (charge.amount - charge.amount_captured)
          : 0;
        return amount_refunded > 0
          ? message(correlation, {
              type: "charge.refunded",
              payment_id: charge.payment_intent ?? null,
              amount_refunded,
              source,
            })
          : { kind: "irrelevant", reason: `${type}: nothing that was captured was given back` };
      }
      const payment = paymentOfCharge(charge);
      return payment
        ? message(correlation, { type: "payment.seen", payment, source })
        : { kind: "irrelevant", reason: `${type}: the payment's own event says the same` };
    }
    case "refund": {
      const refund = refundShape.parse(object);
      return message(correlate(refund.metadata?.["order_id"], refund.payment_intent, null), {
        type: "refund.seen",
        refund: refundOf(refund),
        source,
      });
    }
    case "dispute": {
      const dispute = disputeShape.parse(object);
      return message(correlate(dispute.metadata?.["order_id"], dispute.payment_intent, null), {
        type: "dispute.seen",
        dispute: disputeOf(dispute),
        source,
      });
    }
    default:
      return { kind: "irrelevant", reason: `${type}: orders do not depend on ${object.object} objects` };
  }
}
