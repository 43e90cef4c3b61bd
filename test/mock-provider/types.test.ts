import type Stripe from "stripe";
import { expectTypeOf, test } from "vitest";
import type * as o from "../../src/mock-provider/objects.ts";

test("what the provider answers satisfies the SDK's types", () => {
  expectTypeOf<o.PaymentIntent>().toExtend<Stripe.PaymentIntent>();
  expectTypeOf<o.Charge>().toExtend<Stripe.Charge>();
  expectTypeOf<o.Refund>().toExtend<Stripe.Refund>();
  expectTypeOf<o.Dispute>().toExtend<Stripe.Dispute>();
  expectTypeOf<o.PaymentMethod>().toExtend<Stripe.PaymentMethod>();
  expectTypeOf<o.SetupIntent>().toExtend<Stripe.SetupIntent>();
  expectTypeOf<o.Session>().toExtend<Stripe.Checkout.Session>();
  expectTypeOf<o.Transaction>().toExtend<Stripe.BalanceTransaction>();
  expectTypeOf<o.Coupon>().toExtend<Stripe.Coupon>();
  expectTypeOf<o.CardSource>().toExtend<Stripe.Card>();
  expectTypeOf<o.Customer>().toExtend<Stripe.Customer>();
  expectTypeOf<o.Product>().toExtend<Stripe.Product>();
  expectTypeOf<o.Endpoint>().toExtend<Stripe.WebhookEndpoint>();
  // The SDK makes a Decimal of the text on the wire.
  expectTypeOf<Omit<o.Price, "unit_amount_decimal">>().toExtend<Omit<Stripe.Price, "unit_amount_decimal">>();
});
