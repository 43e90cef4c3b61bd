import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { changing } from "./changes.ts";
import { knownCurrency } from "./currencies.ts";
import { badParam, badState, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Coupon, Customer } from "./objects.ts";
import {
  amount,
  created,
  integer,
  mergeMetadata,
  metadata,
  oneOf,
  paging,
  parseParams,
  text,
  unsettable,
} from "./params.ts";
import { randomId, randomText } from "./random-id.ts";

const createShape = z.object({
  amount_off: amount().optional(),
  currency: text().optional(),
  duration: oneOf("forever", "once", "repeating").optional(),
  duration_in_months: integer.optional(),
  id: text().optional(),
  max_redemptions: integer.optional(),
  metadata: metadata.optional(),
  name: text(40).optional(),
  percent_off: z.coerce.number().optional(),
  redeem_by: integer.optional(),
});

/** POST /v1/coupons, as far as discounts of customers need it. https://docs.stripe.com/api/coupons/create */
export function createCoupon(call: Call): object {
  const params = parseParams(createShape, call.params);
  if ((params.percent_off === undefined) === (params.amount_off === undefined)) {
    throw badParam("You must pass either `percent_off` or `amount_off`, and not both.", "percent_off");
  }
  if (params.percent_off !== undefined && !(params.percent_off > 0 && params.percent_off <= 100))
    throw badParam("Invalid percent_off: must be a positive number up to 100.", "percent_off");
  if (params.amount_off !== undefined && params.currency === undefined)
    throw badParam("You must pass `currency` when passing `amount_off`.", "currency", "parameter_missing");
  if (params.id !== undefined && call.account.of.coupons.get(params.id))
    throw badState("Coupon already exists.", "resource_already_exists", { param: "id" });
  const coupon: Coupon = {
    id: params.id ?? randomText(8),
    object: "coupon",
    amount_off: params.amount_off ?? null,
    created: call.world.clock.now(),
    currency: params.currency === undefined ? null : knownCurrency(params.currency),
    duration: params.duration ?? "once",
    duration_in_months: params.duration_in_months ?? null,
    livemode: false,
    max_redemptions: params.max_redemptions ?? null,
    metadata: mergeMetadata({}, params.metadata),
    name: params.name ?? null,
    percent_off: params.percent_off ?? null,
    redeem_by: params.redeem_by ?? null,
    times_redeemed: 0,
    valid: true,
  };
  call.account.of.coupons.put(coupon);
  emit(call, "coupon.created", coupon);
  return coupon;
}

export function couponOf(actor: Actor, id: string, param = "coupon", status: 400 | 404 = 400): Coupon {
  const found = actor.account.of.coupons.get(id);
  if (!found) throw noSuch("coupon", id, param, status);
  return found;
}

export const retrieveCoupon = (call: Call): object => couponOf(call, call.path("id"), "coupon", 404);

export function updateCoupon(call: Call): object {
  const params = parseParams(
    z.object({ metadata: metadata.optional(), name: unsettable(40).optional() }),
    call.params,
  );
  const coupon = couponOf(call, call.path("id"), "coupon", 404);
  return changing(call, "coupon.updated", coupon, () => {
    if (params.name !== undefined) coupon.name = params.name;
    coupon.metadata = mergeMetadata(coupon.metadata ?? {}, params.metadata);
    call.account.of.coupons.put(coupon);
  });
}

export function deleteCoupon(call: Call): object {
  const coupon = couponOf(call, call.path("id"), "coupon", 404);
  call.account.of.coupons.delete(coupon.id);
  emit(call, "coupon.deleted", coupon);
  return { id: coupon.id, object: "coupon", deleted: true };
}

export function listCoupons(call: Call): object {
  const params = parseParams(z.object({ ...paging, created: created.optional() }), call.params);
  return listed(call, call.account.of.coupons, params, "/v1/coupons", {
    matches: (each) => matchesCreated(each, params.created),
  });
}

/** Gives the customer the coupon's discount, another in place of the one they had, or with null none any more. */
export function redeem(actor: Actor, customer: Customer, id: string | null): void {
  const had = customer.discount ?? null;
  if (id === null) {
    if (!had) return;
    customer.discount = null;
    actor.account.of.customers.put(customer);
    emit(actor, "customer.discount.deleted", had);
    return;
  }
  const coupon = couponOf(actor, id);
  coupon.times_redeemed += 1;
  actor.account.of.coupons.put(coupon);
  customer.discount = {
    id: randomId("di_1"),
    object: "discount",
    checkout_session: null,
    customer: customer.id,
    customer_account: null,
    end: null,
    invoice: null,
    invoice_item: null,
    promotion_code: null,
    source: { coupon: coupon.id, type: "coupon" },
    start: actor.world.clock.now(),
    subscription: null,
    subscription_item: null,
  };
  actor.account.of.customers.put(customer);
  if (had) emit(actor, "customer.discount.updated", customer.discount, { id: had.id, source: had.source });
  else emit(actor, "customer.discount.created", customer.discount);
}

/** DELETE /v1/customers/:id/discount. */
export function deleteDiscount(call: Call): object {
  const id = call.path("id");
  const customer = call.account.of.customers.get(id);
  if (!customer) throw noSuch("customer", id, "customer");
  const had = customer.discount;
  if (!had) throw badState("No active discount for customer", "resource_missing");
  redeem(call, customer, null);
  return { ...had, deleted: true };
}
