import { z } from "zod";
import { parseStorable } from "../domain/storable.ts";
import type { Correlation } from "./provider.ts";
import type { ReadEvent } from "./webhook-source.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** An event's JSON. @throws SyntaxError or TypeError when it is not JSON in UTF-8 */
export const parseEventJson = (body: Buffer): unknown => parseStorable(utf8.decode(body));

/** An event of which not even the name can be read. */
export const unreadable = (reason: string): ReadEvent => ({
  event_id: null,
  type: null,
  meaning: { kind: "incomprehensible", reason },
});

/** What zod found wrong, in one line. */
export const complaint = (error: z.ZodError): string => z.prettifyError(error).replaceAll("\n", " ");

/** What an event or one of its objects may be called. */
export const eventName = z
  .string()
  .regex(/^[\w.-]{1,255}$/, "must be 1 to 255 letters, digits, dots, dashes or underscores");

/** An id that could be one of ours or the provider's; metadata may hold anything. */
const idOrNull = (text: string | null | undefined): string | null =>
  text && /^[\w-]{1,255}$/.test(text) ? text : null;

/** What an event names, as far as it could be an id. */
export const correlate = (
  order_id: string | null | undefined,
  payment_id: string | null | undefined,
  session_id: string | null = null,
): Correlation => ({
  order_id: idOrNull(order_id),
  payment_id: idOrNull(payment_id),
  session_id: idOrNull(session_id),
});
