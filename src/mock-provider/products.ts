import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { changing } from "./changes.ts";
import { badState, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Product } from "./objects.ts";
import { typed } from "./parameters.ts";
import {
  boolean,
  created,
  listOf,
  mergeMetadata,
  metadata,
  oneOf,
  paging,
  parseParams,
  text,
  unsettable,
} from "./params.ts";
import { makePrice, priceData } from "./prices.ts";
import { randomId } from "./random-id.ts";

const productFields = {
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
const createProductShape = z.object({
  ...productFields,
  name: text(),
  id: text().optional(),
  type: oneOf("good", "service").optional(),
  default_price_data: z.object({ currency: text() }).loose().optional(),
});
type ProductFields = Partial<z.output<z.ZodObject<typeof productFields>>> & { name?: string | undefined };

function changeProduct(product: Product, params: ProductFields): void {
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

const ECHOED = ["marketing_features", "package_dimensions", "tax_details"] as const;

function echo(call: Call, product: Product, line: string): void {
  for (const name of ECHOED) {
    const value = typed(line, call.params, name);
    if (value !== undefined) Object.assign(product, { [name]: value });
  }
}

function save(actor: Actor, product: Product): void {
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

export function createProduct(call: Call): object {
  const params = parseParams(createProductShape, call.params);
  if (params.id !== undefined && call.account.of.products.get(params.id)) {
    throw badState(`Product already exists.`, "resource_already_exists", { param: "id" });
  }
  const product = makeProduct(call, params, params.id);
  if (params.type !== undefined) product.type = params.type;
  echo(call, product, "ProductCreateParams");
  if (params.default_price_data) {
    const data = parseParams(priceData, { ...params.default_price_data, product: product.id });
    const price = makePrice(call, data, "default_price_data");
    emit(call, "price.created", price);
    product.default_price = price.id;
  }
  save(call, product);
  return product;
}

/** The product that a path or parameter names. */
export function productOf(call: Call, id: string, param = "id", status: 400 | 404 = 404): Product {
  const found = call.account.of.products.get(id);
  if (!found) throw noSuch("product", id, param, status);
  return found;
}

export function retrieveProduct(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  return productOf(call, call.path("id"));
}

const updateProductShape = z.object({
  ...productFields,
  name: text().optional(),
  default_price: text().optional(),
  ...expandable,
});

export function updateProduct(call: Call): object {
  const params = parseParams(updateProductShape, call.params);
  const product = productOf(call, call.path("id"));
  const chosen = params.default_price;
  if (chosen !== undefined && call.account.of.prices.get(chosen)?.product !== product.id)
    throw noSuch("price", chosen, "default_price", 400);
  return changing(call, "product.updated", product, () => {
    if (chosen !== undefined) product.default_price = chosen;
    changeProduct(product, params);
    echo(call, product, "ProductUpdateParams");
    save(call, product);
  });
}

export function deleteProduct(call: Call): object {
  const product = productOf(call, call.path("id"));
  if (call.account.of.prices.by("product", product.id).length > 0) {
    throw badState("This product cannot be deleted because it has one or more user-created prices.");
  }
  call.account.of.products.delete(product.id);
  emit(call, "product.deleted", product);
  return { id: product.id, object: "product", deleted: true };
}

const listProductsShape = z.object({
  ...paging,
  ...expandable,
  active: boolean.optional(),
  created: created.optional(),
  ids: listOf(text()).optional(),
  url: text().optional(),
  shippable: boolean.optional(),
  type: text().optional(),
});

export function listProducts(call: Call): object {
  const params = parseParams(listProductsShape, call.params);
  return listed(call, call.account.of.products, params, "/v1/products", {
    matches: (each) =>
      matchesCreated(each, params.created) &&
      (params.active === undefined || each.active === params.active) &&
      (params.url === undefined || each.url === params.url) &&
      (params.shippable === undefined || each.shippable === params.shippable) &&
      (params.type === undefined || each.type === params.type) &&
      (params.ids === undefined || params.ids.includes(each.id)),
  });
}
