import { z } from "zod";
import type { Call } from "./call.ts";
import { changing } from "./changes.ts";
import { badState, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Product } from "./objects.ts";
import { typed } from "./parameters.ts";
import { boolean, created, listOf, oneOf, paging, parseParams, text } from "./params.ts";
import { makePrice, priceData } from "./prices.ts";
import { changeProduct, makeProduct, productFields, productOf, save } from "./product.ts";

const createProductShape = z.object({
  ...productFields,
  name: text(),
  id: text().optional(),
  type: oneOf("good", "service").optional(),
  default_price_data: z.object({ currency: text() }).loose().optional(),
});
const ECHOED = ["marketing_features", "package_dimensions", "tax_details"] as const;

function echo(call: Call, product: Product, line: string): void {
  for (const name of ECHOED) {
    const value = typed(line, call.params, name);
    if (value !== undefined) Object.assign(product, { [name]: value });
  }
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
