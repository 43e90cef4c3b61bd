import { z } from "zod";
import type { Call } from "./call.ts";
import { changing } from "./changes.ts";
import { knownCurrency } from "./currencies.ts";
import { badParam, missingParam, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
import { isHash } from "./form.ts";
import type { Price } from "./objects.ts";
import { typed } from "./parameters.ts";
import {
  amount,
  boolean,
  created,
  integer,
  listOf,
  mergeMetadata,
  metadata,
  oneOf,
  paging,
  parseParams,
  text,
  unsettable,
} from "./params.ts";
import { makeProduct, productData, productOf } from "./product.ts";
import { randomId } from "./random-id.ts";

const recurring = z.object({
  interval: oneOf("day", "week", "month", "year"),
  interval_count: integer.optional(),
  usage_type: oneOf("licensed", "metered").optional(),
  meter: text().optional(),
  trial_period_days: integer.optional(),
});
const decimal = z.string().regex(/^\d+(\.\d{1,12})?$/);
const createPriceShape = z.object({
  active: boolean.optional(),
  currency: text(),
  lookup_key: text().optional(),
  metadata: metadata.optional(),
  nickname: text().optional(),
  product: text().optional(),
  product_data: productData.optional(),
  recurring: recurring.optional(),
  tax_behavior: oneOf("exclusive", "inclusive", "unspecified").optional(),
  billing_scheme: oneOf("per_unit", "tiered").optional(),
  custom_unit_amount: z.object({ enabled: boolean }).optional(),
  tiers_mode: oneOf("graduated", "volume").optional(),
  transfer_lookup_key: boolean.optional(),
  unit_amount: amount(0).optional(),
  unit_amount_decimal: decimal.optional(),
});

/** The price of a session's line that brings its own, https://docs.stripe.com/api/checkout/sessions/create. */
export const priceData = z.object({
  currency: text(),
  product: text().optional(),
  product_data: productData.optional(),
  recurring: recurring.optional(),
  tax_behavior: oneOf("exclusive", "inclusive", "unspecified").optional(),
  unit_amount: amount(0).optional(),
  unit_amount_decimal: decimal.optional(),
});

/** Makes a price; `at` is where an error about its parameters points, e.g. `line_items[0][price_data]`. */
export function makePrice(
  call: Call,
  params: z.output<typeof priceData>,
  at: string,
  more: Partial<Price> = {},
): Price {
  const named = (name: string) => (at === "" ? name : `${at}[${name}]`);
  const currency = knownCurrency(params.currency, named("currency"));
  const amounts = [params.unit_amount, params.unit_amount_decimal].filter((each) => each !== undefined);
  const otherwise = more.billing_scheme === "tiered" || more.custom_unit_amount;
  if (amounts.length === 0 && !otherwise) throw missingParam(named("unit_amount"));
  if (amounts.length > 1) {
    throw badParam(
      "You may only specify one of these parameters: unit_amount, unit_amount_decimal.",
      named("unit_amount"),
      "parameters_exclusive",
    );
  }
  if (params.product === undefined && !params.product_data) {
    throw badParam(
      "You must specify either `product` or `product_data` when creating a price.",
      named("product"),
      "parameter_missing",
    );
  }
  const product = params.product_data
    ? makeProduct(call, params.product_data)
    : productOf(call, params.product ?? "", named("product"), 400);
  // A price with a fraction of the minor unit has no whole amount.
  const exact =
    params.unit_amount_decimal ?? (params.unit_amount === undefined ? null : String(params.unit_amount));
  const unit = exact === null || exact.includes(".") ? null : Number(exact);
  return call.account.of.prices.put({
    id: randomId("price_1"),
    object: "price",
    active: true,
    billing_scheme: "per_unit",
    created: call.world.clock.now(),
    currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: null,
    metadata: {},
    nickname: null,
    product: product.id,
    recurring: params.recurring
      ? {
          interval: params.recurring.interval,
          interval_count: params.recurring.interval_count ?? 1,
          meter: params.recurring.meter ?? null,
          trial_period_days: params.recurring.trial_period_days ?? null,
          usage_type: params.recurring.usage_type ?? "licensed",
        }
      : null,
    tax_behavior: params.tax_behavior ?? "unspecified",
    tiers_mode: null,
    transform_quantity: null,
    type: params.recurring ? "recurring" : "one_time",
    unit_amount: unit,
    unit_amount_decimal: exact,
    ...more,
  });
}

export function createPrice(call: Call): object {
  const params = parseParams(createPriceShape, call.params);
  if (params.billing_scheme === "tiered" && params.tiers_mode === undefined) throw missingParam("tiers_mode");
  const key = params.lookup_key ?? null;
  if (key !== null) takeKey(call, key, params.transfer_lookup_key ?? false);
  const price = makePrice(call, params, "", {
    ...details(call, params),
    active: params.active ?? true,
    lookup_key: key,
    metadata: mergeMetadata({}, params.metadata),
    nickname: params.nickname ?? null,
  });
  emit(call, "price.created", price);
  return price;
}

function details(call: Call, params: z.output<typeof createPriceShape>): Partial<Price> {
  const of = (name: string) => typed("PriceCreateParams", call.params, name);
  const given: Record<string, unknown> = {};
  if (params.billing_scheme !== undefined) given["billing_scheme"] = params.billing_scheme;
  if (params.tiers_mode !== undefined) given["tiers_mode"] = params.tiers_mode;
  const custom = of("custom_unit_amount");
  if (params.custom_unit_amount?.enabled && isHash(custom)) {
    const { enabled: _enabled, ...bounds } = custom;
    given["custom_unit_amount"] = { maximum: null, minimum: null, preset: null, ...bounds };
  }
  const divided = of("transform_quantity");
  if (divided !== undefined) given["transform_quantity"] = divided;
  return given;
}

/** A lookup key belongs to one price at a time, https://docs.stripe.com/products-prices/manage-prices#lookup-keys. */
function takeKey(call: Call, key: string, transfer: boolean): void {
  const holder = [...call.account.of.prices.oldest()].find((each) => each.lookup_key === key);
  if (!holder) return;
  if (!transfer) {
    throw badParam(
      `A price (\`${holder.id}\`) already uses that lookup key.`,
      "lookup_key",
      "resource_already_exists",
    );
  }
  holder.lookup_key = null;
  call.account.of.prices.put(holder);
}

export function priceOf(call: Call, id: string, param = "id", status: 400 | 404 = 404): Price {
  const found = call.account.of.prices.get(id);
  if (!found) throw noSuch("price", id, param, status);
  return found;
}

export function retrievePrice(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  return priceOf(call, call.path("id"));
}

const updatePriceShape = z.object({
  active: boolean.optional(),
  lookup_key: unsettable().optional(),
  metadata: metadata.optional(),
  nickname: unsettable().optional(),
  tax_behavior: oneOf("exclusive", "inclusive", "unspecified").optional(),
  transfer_lookup_key: boolean.optional(),
});

export function updatePrice(call: Call): object {
  const params = parseParams(updatePriceShape, call.params);
  const price = priceOf(call, call.path("id"));
  const { tax_behavior: behavior, lookup_key: key } = params;
  if (behavior !== undefined && price.tax_behavior !== "unspecified" && behavior !== price.tax_behavior) {
    throw badParam(
      "You cannot change the tax behavior of a price once it is set to `inclusive` or `exclusive`.",
      "tax_behavior",
    );
  }
  if (key && key !== price.lookup_key) takeKey(call, key, params.transfer_lookup_key ?? false);
  return changing(call, "price.updated", price, () => {
    if (params.active !== undefined) price.active = params.active;
    if (key !== undefined) price.lookup_key = key;
    if (params.nickname !== undefined) price.nickname = params.nickname;
    if (behavior !== undefined) price.tax_behavior = behavior;
    price.metadata = mergeMetadata(price.metadata, params.metadata);
    call.account.of.prices.put(price);
  });
}

const listPricesShape = z.object({
  ...paging,
  ...expandable,
  active: boolean.optional(),
  created: created.optional(),
  currency: text().optional(),
  product: text().optional(),
  type: text().optional(),
  lookup_keys: listOf(text()).optional(),
});

export function listPrices(call: Call): object {
  const params = parseParams(listPricesShape, call.params);
  return listed(call, call.account.of.prices, params, "/v1/prices", {
    matches: (each) =>
      matchesCreated(each, params.created) &&
      (params.active === undefined || each.active === params.active) &&
      (params.currency === undefined || each.currency === params.currency) &&
      (params.product === undefined || each.product === params.product) &&
      (params.type === undefined || each.type === params.type) &&
      (params.lookup_keys === undefined ||
        (each.lookup_key !== null && params.lookup_keys.includes(each.lookup_key))),
  });
}
