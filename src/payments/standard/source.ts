import { z } from "zod";
import type { OrderMessage } from "../../domain/order.ts";
import { complaint, correlate, eventName, parseEventJson, unreadable } from "../event-json.ts";
import type { Interpreted } from "../provider.ts";
import type { ReadEvent, WebhookSource } from "../webhook-source.ts";
import { chargebackShape, operationShape, paymentShape } from "./shapes.ts";
import { keyOf, verifySignature } from "./signature.ts";
import { disputeOf, paymentOf, refundOf } from "./snapshots.ts";

const envelope = z.looseObject({ type: eventName, data: z.unknown() });

/**
 * Webhooks signed as Standard Webhooks. An event's id is in a signed header and not in the body, so it is read from the
 * headers that are kept with it. `secrets`: several while they are rotated.
 */
export function createStandardSource({ secrets }: { secrets: readonly string[] }): WebhookSource {
  const keys = secrets.map(keyOf).filter((key) => key !== null);
  return {
    name: "standard",
    keptHeaders: ["content-type", "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature"],
    answer: { status: 204 },
    receive({ body, headers, now }) {
      const verdict = verifySignature(body, headers, keys, now);
      return verdict.valid ? { valid: true, events: [body] } : verdict;
    },
    read: ({ body, headers }) => readEvent(body, headers["webhook-id"] ?? null),
  };
}

function readEvent(body: Buffer, id: string | null): ReadEvent {
  let json: unknown;
  try {
    json = parseEventJson(body);
  } catch {
    return { ...unreadable("the body is not JSON in UTF-8"), event_id: id };
  }
  const parsed = envelope.safeParse(json);
  if (!parsed.success) return { ...unreadable(`not an event: ${complaint(parsed.error)}`), event_id: id };
  const { type, data } = parsed.data;
  try {
    return { event_id: id, type, meaning: interpret(type, data, `webhook ${id}`) };
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    return {
      event_id: id,
      type,
      meaning: { kind: "incomprehensible", reason: `${type}: ${complaint(error)}` },
    };
  }
}

/** An event's type begins with what its data is: `payment.paid`, `operation.done`, `chargeback.opened`. */
function interpret(type: string, data: unknown, source: string): Interpreted {
  const about = (
    { order, payment }: { order: string | null; payment: string },
    message: OrderMessage,
  ): Interpreted => ({ kind: "message", correlation: correlate(order, payment), message });
  switch (type.split(".", 1)[0]) {
    case "payment": {
      const payment = paymentShape.parse(data);
      return about(
        { order: payment.order, payment: payment.id },
        { type: "payment.seen", payment: paymentOf(payment), source },
      );
    }
    case "operation": {
      const operation = operationShape.parse(data);
      return operation.kind === "refund"
        ? about(operation, { type: "refund.seen", refund: refundOf(operation), source })
        : { kind: "irrelevant", reason: `${type}: the payment's own event says what came of it` };
    }
    case "chargeback": {
      const chargeback = chargebackShape.parse(data);
      return about(chargeback, { type: "dispute.seen", dispute: disputeOf(chargeback), source });
    }
    default:
      return { kind: "irrelevant", reason: `${type}: orders do not depend on it` };
  }
}
