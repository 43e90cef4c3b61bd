import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import type { Product } from "./objects.ts";
import { boolean, listOf, mergeMetadata, metadata, text, unsettable } from "./params.ts";
import { randomId } from "./random-id.ts";

export const productFields = {
  active: boolean.optional(),
  description: unsettable().optional(),
  images: listOf(text()).optional(),
  metadata: metadata.optional(),
  shippable: boolean.optional(),
  statement_descriptor: text(22).optional(),
  tax_code: unsettable().optional(),
  unit_label: unsettable(12).optional(),
  url: unsettable().optional(),
};
export const productData = z.object({ ...productFields, name: text() });
export type ProductFields = Partial<z.output<z.ZodObject<typeof productFields>>> & {
  name?: string | undefined;
};

export function changeProduct(product: Product, params: ProductFields): void {
  if (params.name !== undefined) product.name = params.name;
  if (params.active !== undefined) product.active = params.active;
  if (params.description !== undefined) product.description = params.description;
  if (params.images) product.images = params.images;
  if (params.shippable !== undefined) product.shippable = params.shippable;
  if (params.statement_descriptor !== undefined) product.statement_descriptor = params.statement_descriptor;
  if (params.tax_code !== undefined) product.tax_code = params.tax_code;
  if (params.unit_label !== undefined) product.unit_label = params.unit_label;
  if (params.url !== undefined) product.url = params.url;
  product.metadata = mergeMetadata(product.metadata, params.metadata);
}

export function save(actor: Actor, product: Product): void {
  product.updated = actor.world.clock.now();
  actor.account.of.products.put(product);
}

/** A product, https://docs.stripe.com/api/products; `silent` for those that a session's `product_data` makes. */
export function makeProduct(
  actor: Actor,
  params: ProductFields & { name: string },
  id = randomId("prod_"),
): Product {
  const now = actor.world.clock.now();
  const product: Product = {
    id,
    object: "product",
    active: true,
    created: now,
    default_price: null,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: {},
    name: params.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: "service",
    unit_label: null,
    updated: now,
    url: null,
  };
  changeProduct(product, params);
  save(actor, product);
  emit(actor, "product.created", product);
  return product;
}

/** The product that a path or parameter names. */
export function productOf(call: Call, id: string, param = "id", status: 400 | 404 = 404): Product {
  const found = call.account.of.products.get(id);
  if (!found) throw noSuch("product", id, param, status);
  return found;
}
