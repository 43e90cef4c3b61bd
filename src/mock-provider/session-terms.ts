import type { Call } from "./call.ts";
import { couponOf } from "./coupons.ts";
import { badParam, noSuch } from "./errors.ts";
import { isHash } from "./form.ts";
import type { LineItem, Session } from "./objects.ts";
import { typed } from "./parameters.ts";
import { randomId } from "./random-id.ts";

const LINE = "SessionCreateParams";
/** Shown as they were given. */
const ECHOED = [
  "adaptive_pricing",
  "after_expiration",
  "branding_settings",
  "consent_collection",
  "excluded_payment_method_types",
  "integration_identifier",
  "locale",
  "name_collection",
  "origin_context",
  "permissions",
  "phone_number_collection",
  "redirect_on_completion",
  "saved_payment_method_options",
  "shipping_address_collection",
  "submit_type",
  "tax_id_collection",
  "wallet_options",
] as const;
/** Shown over Stripe's defaults. */
const MERGED = ["automatic_tax", "custom_text", "invoice_creation", "payment_method_options"] as const;

/** What a session shows of how its page looks and what it asks for. */
export function takeOver(call: Call, session: Session): void {
  const given = (name: string) => typed(LINE, call.params, name);
  for (const name of ECHOED) {
    const value = given(name);
    if (value !== undefined) Object.assign(session, { [name]: value });
  }
  for (const name of MERGED) {
    const value = given(name);
    if (isHash(value)) Object.assign(session, { [name]: { ...session[name], ...value } });
  }
  const fields = given("custom_fields");
  if (Array.isArray(fields)) session.custom_fields = fields.map(customField);
}

function customField(given: unknown): Session["custom_fields"][number] {
  const field = isHash(given) ? given : {};
  const own = (type: string) => (isHash(field[type]) ? field[type] : {});
  const blank = { default_value: null, value: null };
  const lengths = { maximum_length: null, minimum_length: null };
  const type = field["type"] === "dropdown" || field["type"] === "numeric" ? field["type"] : "text";
  const label = isHash(field["label"]) ? field["label"] : {};
  const base = {
    key: String(field["key"]),
    label: { custom: typeof label["custom"] === "string" ? label["custom"] : null, type: "custom" as const },
    optional: field["optional"] === true,
    type,
  };
  if (type === "dropdown") return { ...base, dropdown: { options: [], ...blank, ...own(type) } };
  return { ...base, [type]: { ...blank, ...lengths, ...own(type) } };
}

/** Takes the discounts off the lines, in proportion. https://docs.stripe.com/payments/checkout/discounts */
export function discount(call: Call, session: Session, items: readonly LineItem[]): void {
  const given = typed(LINE, call.params, "discounts");
  if (!Array.isArray(given) || given.length === 0) return;
  if (given.length > 1)
    throw badParam("You can apply at most one discount to a Checkout Session.", "discounts");
  const first: unknown = given[0];
  const { coupon: id, promotion_code: code } = isHash(first) ? first : {};
  if (typeof code === "string") throw noSuch("promotion code", code, "discounts[0][promotion_code]", 400);
  const coupon = couponOf(call, String(id), "discounts[0][coupon]");
  const subtotal = session.amount_subtotal ?? 0;
  const off = Math.min(
    subtotal,
    coupon.amount_off ?? Math.round((subtotal * (coupon.percent_off ?? 0)) / 100),
  );
  let left = off;
  for (const [index, item] of items.entries()) {
    const share =
      index === items.length - 1 ? left : Math.floor((off * item.amount_subtotal) / Math.max(1, subtotal));
    item.amount_discount = share;
    item.amount_total = item.amount_subtotal - share;
    left -= share;
  }
  session.discounts = [{ coupon: coupon.id, promotion_code: null }];
  session.amount_total = subtotal - off;
  if (session.total_details) session.total_details.amount_discount = off;
}

/** The first shipping option is chosen until the customer takes another. */
export function ship(call: Call, session: Session): void {
  const given = typed(LINE, call.params, "shipping_options");
  if (!Array.isArray(given)) return;
  session.shipping_options = given.map((each: unknown, index) => {
    const option = isHash(each) ? each : {};
    const at = `shipping_options[${index}]`;
    if (typeof option["shipping_rate"] === "string")
      throw noSuch("shipping rate", option["shipping_rate"], `${at}[shipping_rate]`, 400);
    const data = isHash(option["shipping_rate_data"]) ? option["shipping_rate_data"] : {};
    const fixed = isHash(data["fixed_amount"]) ? data["fixed_amount"] : {};
    return { shipping_amount: Number(fixed["amount"] ?? 0), shipping_rate: randomId("shr_1") };
  });
  const [chosen] = session.shipping_options;
  if (!chosen) return;
  const amount = chosen.shipping_amount;
  session.shipping_cost = {
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    shipping_rate: chosen.shipping_rate,
  };
  session.amount_total = (session.amount_total ?? 0) + amount;
  if (session.total_details) session.total_details.amount_shipping = amount;
}
