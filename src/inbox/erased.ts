import { createHash } from "node:crypto";
import type { Correlation } from "../payments/provider.ts";

/** What is kept of an event about an order whose personal data was erased: that it came, and the hash of what it was. */
export const erasedBody = (body: Buffer, orderId: string): Buffer =>
  Buffer.from(
    JSON.stringify({
      erased: `with the personal data of ${orderId}`,
      sha256: createHash("sha256").update(body).digest("hex"),
      bytes: body.length,
    }),
  );

const ERASED = Buffer.from('{"erased"');

/** Whether nothing is left of a stored event but its hash. */
export const isErasedBody = (body: Buffer): boolean => body.subarray(0, ERASED.length).equals(ERASED);

/** Which order an event mentions, though orders do not depend on it: by ids of ours and of the provider, anywhere in it. */
export function mentioned(body: Buffer): Correlation {
  const text = body.toString("latin1");
  return {
    order_id: /ord_[0-9a-z]{26}/.exec(text)?.[0] ?? null,
    payment_id: /"(pi_\w{1,250})"/.exec(text)?.[1] ?? null,
    session_id: /"(cs_\w{1,250})"/.exec(text)?.[1] ?? null,
  };
}
