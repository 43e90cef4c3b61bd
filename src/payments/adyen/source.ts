import { complaint, parseEventJson, unreadable } from "../event-json.ts";
import type { ReadEvent, Reception, WebhookSource } from "../webhook-source.ts";
import { interpret } from "./meaning.ts";
import { itemShape, notificationShape } from "./notification.ts";
import { isSigned, keyOf } from "./signature.ts";

interface Options {
  /** HMAC keys in hexadecimal, several while they are rotated. */
  keys: readonly string[];
  /** Items of other merchant accounts are kept and ignored; null: there is only one. */
  merchantAccount?: string | null;
}

/**
 * Adyen's standard notifications: several items in a request, each signed for itself. There is no time among what is
 * signed; an item's id is made of what is, so an old one that is sent again is the same event.
 */
export function createAdyenSource({ keys: hex, merchantAccount = null }: Options): WebhookSource {
  const keys = hex.map(keyOf);
  return {
    name: "adyen",
    keptHeaders: ["content-type", "user-agent"],
    answer: { status: 200, body: "[accepted]" },
    receive: ({ body }) => receive(body, keys),
    read: ({ body }) => readItem(body, merchantAccount),
  };
}

/** A request counts as a whole: one item that is not signed refuses the others too, and Adyen sends all again. */
function receive(body: Buffer, keys: readonly Buffer[]): Reception {
  let json: unknown;
  try {
    // As it was signed, what cannot be stored included.
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return { valid: false, reason: "the body is not JSON in UTF-8" };
  }
  const notification = notificationShape.safeParse(json);
  if (!notification.success)
    return { valid: false, reason: `not a notification: ${complaint(notification.error)}` };
  const items = notification.data.notificationItems.map((each) => each.NotificationRequestItem);
  for (const [n, item] of items.entries()) {
    const parsed = itemShape.safeParse(item);
    if (!parsed.success) return { valid: false, reason: `item ${n + 1}: ${complaint(parsed.error)}` };
    if (!isSigned(parsed.data, keys))
      return { valid: false, reason: `item ${n + 1}: its hmacSignature matches none of the configured keys` };
  }
  return { valid: true, events: items.map((item) => Buffer.from(JSON.stringify(item))) };
}

function readItem(body: Buffer, merchantAccount: string | null): ReadEvent {
  let json: unknown;
  try {
    json = parseEventJson(body);
  } catch {
    return unreadable("the item is not JSON in UTF-8");
  }
  const parsed = itemShape.safeParse(json);
  if (!parsed.success) return unreadable(`not an item: ${complaint(parsed.error)}`);
  const item = parsed.data;
  const { eventCode: type, merchantAccountCode: account } = item;
  // https://docs.adyen.com/development-resources/webhooks: what has the same reference and code is the same event.
  const event_id = `${item.pspReference}_${type}_${item.success}`;
  const foreign = merchantAccount !== null && account !== merchantAccount;
  return {
    event_id,
    type,
    meaning: foreign
      ? {
          kind: "irrelevant",
          reason: `${type}: of the merchant account ${account.slice(0, 64)}, not of ours`,
        }
      : interpret(item, `webhook ${event_id}`),
  };
}
