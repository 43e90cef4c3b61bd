import { z } from "zod";
import type { Call } from "./call.ts";
import { knownCurrency } from "./currencies.ts";
import { badParam, missingParam, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Price } from "./objects.ts";
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
import { makeProduct, productData, productOf } from "./products.ts";
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
  billing_scheme: oneOf("per_unit").optional(),
  unit_amount: amount(0).optional(),
  unit_amount_decimal: decimal.optional(),
  ...expandable,
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
  if (params.unit_amount === undefined && params.unit_amount_decimal === undefined)
    throw missingParam(named("unit_amount"));
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
  const unit = params.unit_amount ?? Math.round(Number(params.unit_amount_decimal));
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
    unit_amount_decimal: params.unit_amount_decimal ?? String(unit),
    ...more,
  });
}

export function createPrice(call: Call): object {
  const params = parseParams(createPriceShape, call.params);
  const price = makePrice(call, params, "", {
    active: params.active ?? true,
    lookup_key: params.lookup_key ?? null,
    metadata: mergeMetadata({}, params.metadata),
    nickname: params.nickname ?? null,
  });
  emit(call, "price.created", price);
  return price;
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
  lookup_key: text().optional(),
  metadata: metadata.optional(),
  nickname: unsettable().optional(),
  tax_behavior: text().optional(),
  ...expandable,
});

export function updatePrice(call: Call): object {
  const params = parseParams(updatePriceShape, call.params);
  const price = priceOf(call, call.path("id"));
  const before = { active: price.active, metadata: price.metadata, nickname: price.nickname };
  if (params.active !== undefined) price.active = params.active;
  if (params.lookup_key !== undefined) price.lookup_key = params.lookup_key;
  if (params.nickname !== undefined) price.nickname = params.nickname;
  price.metadata = mergeMetadata(price.metadata, params.metadata);
  call.account.of.prices.put(price);
  emit(call, "price.updated", price, before);
  return price;
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
