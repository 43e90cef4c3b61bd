import { newIds } from "./ids.ts";
import { RECORDED_AT, shiftTimes } from "./times.ts";

/** What an order puts into the webhooks recorded for it. */
export interface FillingOrder {
  id: string;
  /** The provider's names; null while it has none. */
  payment_id: string | null;
  session_id: string | null;
  created_at: string;
}

/** A recorded body that names something the order does not have. */
export class FillInError extends Error {
  override readonly name = "FillInError";
}

/**
 * Turns recorded bodies into those of one order: placeholders become the order's names, every other id of the provider
 * becomes one of this order's own, and times move from the recording to the order's creation. The same order always gives
 * the same bytes, so playing them again is a repetition and not news.
 */
export function fillerFor(order: FillingOrder): (text: string) => Buffer {
  const names: Record<string, string | null> = {
    order_id: order.id,
    payment_id: order.payment_id,
    session_id: order.session_id,
  };
  const createdAt = Math.floor(Date.parse(order.created_at) / 1000);
  const rename = newIds((id) => `${id} of ${order.id}`);
  return (text) => {
    const moved = shiftTimes(rename(text), RECORDED_AT, (offset) => createdAt + offset);
    const filled = moved.replaceAll(/\{\{(\w+)\}\}/g, (placeholder, name: string) => {
      const value = names[name];
      if (value === undefined) throw new FillInError(`${placeholder} is no placeholder that replay knows`);
      if (value === null) throw new FillInError(`order ${order.id} has nothing for ${placeholder}`);
      return value;
    });
    return Buffer.from(filled, "utf8");
  };
}
