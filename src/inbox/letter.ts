import type { OrderMessage } from "../domain/order.ts";
import type { Letter } from "../engine/messages.ts";

/** An event as a letter to its order. A repeated event is the same letter, whichever way it came. */
export const letterOf = (
  webhook: { provider: string; event_id: string },
  orderId: string,
  message: OrderMessage,
): Letter<OrderMessage> => ({ to: orderId, message, key: `webhook:${webhook.provider}:${webhook.event_id}` });
