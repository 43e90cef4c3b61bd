import { z } from "zod";
import type { Call } from "./call.ts";
import { badParam } from "./errors.ts";
import type { LineItem } from "./objects.ts";
import { integer, mergeMetadata, metadata, text } from "./params.ts";
import { makePrice, priceData, priceOf } from "./prices.ts";
import { randomId } from "./random-id.ts";

export const lineItem = z.object({
  price: text().optional(),
  price_data: priceData.optional(),
  quantity: integer.optional(),
  metadata: metadata.optional(),
});

/** One line of a session, with the price it brings or names. */
export function lineItemOf(call: Call, given: z.output<typeof lineItem>, at: string): LineItem {
  const quantity = given.quantity ?? 1;
  if (quantity < 1)
    throw badParam(
      "This value must be greater than or equal to 1.",
      `${at}[quantity]`,
      "parameter_invalid_integer",
    );
  if ((given.price === undefined) === (given.price_data === undefined)) {
    throw badParam(
      `You must specify either \`price\` or \`price_data\` for each line item.`,
      at,
      "parameter_missing",
    );
  }
  const price = given.price_data
    ? makePrice(call, given.price_data, `${at}[price_data]`, { active: false })
    : priceOf(call, given.price ?? "", `${at}[price]`, 400);
  if (given.price !== undefined && !price.active) {
    throw badParam("The price specified is inactive. This field only accepts active prices.", `${at}[price]`);
  }
  if (price.recurring) {
    throw badParam(
      "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.",
      at,
    );
  }
  const total = Math.round(Number(price.unit_amount_decimal ?? 0) * quantity);
  return {
    id: randomId("li_1"),
    object: "item",
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: total,
    amount_tax: 0,
    amount_total: total,
    currency: price.currency,
    description: call.account.of.products.get(price.product)?.name ?? null,
    metadata: mergeMetadata({}, given.metadata),
    price,
    quantity,
  };
}
