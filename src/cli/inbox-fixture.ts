import { newIds } from "../../scripts/replay/ids.ts";
import { RECORDED_AT, shiftTimes } from "../../scripts/replay/times.ts";
import { masked, type Mask } from "../domain/masked.ts";
import type { OrderView } from "../domain/order-view.ts";

/** A received webhook as the API shows it with `raw=true`. */
export interface RawWebhook {
  id: string;
  provider: string;
  event_id: string;
  type: string;
  order_id: string | null;
  headers: Record<string, string>;
  body_base64: string;
}

export interface FixtureOptions {
  /** Leaves personal data as it came. */
  keepPersonal: boolean;
  /** Gives every id of the provider another name, the same wherever it occurs; null: ids stay. */
  remap: ((text: string) => string) | null;
}

/** Headers that say something and give nothing away; the signature is made anew at each replay. */
const KEPT = ["content-type", "user-agent"];

/** What stands for personal data in a fixture: of the same form, so that whatever reads it still does. */
const placeholder: Mask = (kind, value) => {
  switch (kind) {
    case "email":
      return "masked@example.com";
    case "phone":
      return "+10000000000";
    case "card":
      return value.replaceAll(/\d/g, "0").replaceAll(/[A-Za-z]/g, "x");
    case "secret":
      return value.startsWith("http")
        ? "https://masked.example.com/"
        : value.replace(/(_secret_|^).*$/s, "$1masked");
    case "name":
    case "address":
    case "text":
      return "masked";
  }
};

/** Client secrets and pages that need no login are removed even where persons may stay. */
const secretsOnly: Mask = (kind, value) => (kind === "secret" ? placeholder(kind, value) : value);

/** Other ids for the provider's; `salt` decides which, so that nobody who does not have it can find out. */
export const remapper = (salt: string): ((text: string) => string) => newIds((id) => `${salt} ${id}`);

/**
 * A webhook as a fixture of the order that it is about: its names become placeholders, its times those of a recording.
 * @returns null when the body is nothing that a fixture can hold, or that nobody could mask
 */
export function webhookFixture(
  { headers, body_base64 }: Pick<RawWebhook, "headers" | "body_base64">,
  order: OrderView | null,
  { keepPersonal, remap }: FixtureOptions,
): { headers: Record<string, string>; body: unknown } | null {
  const bytes = Buffer.from(body_base64, "base64");
  const text = bytes.toString("utf8");
  if (!Buffer.from(text, "utf8").equals(bytes)) return null;
  const json = parsed(text);
  if (json === undefined && !keepPersonal) return null;
  const safe =
    json === undefined ? text : JSON.stringify(masked(json, keepPersonal ? secretsOnly : placeholder));
  const named = order ? asRecorded(safe, order) : safe;
  const renamed = remap ? remap(named) : named;
  const body = parsed(renamed);
  const kept = Object.fromEntries(KEPT.flatMap((name) => (headers[name] ? [[name, headers[name]]] : [])));
  return {
    headers: { "content-type": "application/json; charset=utf-8", ...kept },
    // Only what is an event may stand there as JSON.
    body: isEvent(body) ? body : renamed,
  };
}

/** In place of the order's own names those that replay fills in, and times as if it was created when fixtures are. */
function asRecorded(text: string, { id, payment, created_at }: OrderView): string {
  let result = text.replaceAll(id, "{{order_id}}");
  if (payment.session_id) result = result.replaceAll(payment.session_id, "{{session_id}}");
  // A checkout's payment is the customer's: an order that is created anew does not have it yet.
  if (payment.id && payment.mode !== "checkout") result = result.replaceAll(payment.id, "{{payment_id}}");
  const created = Math.floor(Date.parse(created_at) / 1000);
  return shiftTimes(result, created, (offset) => RECORDED_AT + offset);
}

/** The request that creates the order once more. `manual`: captured when the merchant says so. */
export function orderFixture(
  order: OrderView,
  { manual, keepPersonal }: { manual: boolean } & Pick<FixtureOptions, "keepPersonal">,
): Record<string, unknown> {
  const { reference, amount, currency, description, customer, requested_by, items, metadata } = order;
  const { mode } = order.payment;
  const body = {
    ...{ reference, amount, currency, description, customer, requested_by, items, metadata },
    // What was confirmed with a card is told by the webhooks: nobody pays once more.
    payment: { mode: mode === "checkout" ? "checkout" : "client", ...(manual ? { capture: "manual" } : {}) },
    ...(order.fulfilment.mode === "manual" ? { fulfilment: "manual" } : {}),
  };
  if (keepPersonal) return body;
  const { customer: who, requested_by: by, ...rest } = body;
  const { email = null, name = null } = who;
  return {
    ...(masked(rest, placeholder) as Record<string, unknown>),
    customer: { email: email && placeholder("email", email), name: name && placeholder("name", name) },
    requested_by: by && placeholder("email", by),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isEvent = (body: unknown): boolean =>
  typeof body === "object" && body !== null && "object" in body && body.object === "event" && "id" in body;
