import type Stripe from "stripe";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ledgerLine, openBench, refusal, refOf, type Bench } from "./provider.ts";

let bench: Bench;
let stripe: Stripe;
beforeAll(async () => {
  bench = await openBench();
  stripe = bench.stripe;
});
afterAll(() => bench.stop());

const open = (more: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  stripe.checkout.sessions.create({
    mode: "payment",
    success_url: "https://shop.test/done?session={CHECKOUT_SESSION_ID}",
    cancel_url: "https://shop.test/cart",
    line_items: [
      {
        quantity: 2,
        price_data: {
          currency: "usd",
          unit_amount: 1_500,
          product_data: { name: "Laptop <script>alert(1)</script>" },
        },
      },
      { quantity: 1, price_data: { currency: "usd", unit_amount: 1_000, product_data: { name: "Bag" } } },
    ],
    payment_intent_data: { metadata: { order_id: "ord_7" } },
    ...more,
  });
const payOn = (session: string, payment_method: string, authenticate?: "pass" | "fail") =>
  bench.mock(`/checkout/${session}/pay`, {
    payment_method,
    ...(authenticate ? { authenticate } : {}),
  }) as unknown as Promise<Stripe.Checkout.Session & { last_payment_error: { code: string } | null }>;

test("a session has no payment until the customer submits, then one with the metadata asked for", async () => {
  const session = await open({
    client_reference_id: "PO-7",
    customer_email: "ada@example.com",
    metadata: { a: "1" },
  });
  expect(session).toMatchObject({
    status: "open",
    payment_status: "unpaid",
    payment_intent: null,
    amount_total: 4_000,
    currency: "usd",
    client_reference_id: "PO-7",
    metadata: { a: "1" },
  });
  expect(session.url).toBe(`${bench.provider.url}/c/pay/${session.id}`);
  expect(session.expires_at - session.created).toBe(86_400);
  const paid = await payOn(session.id, "pm_card_visa");
  expect(paid).toMatchObject({ status: "complete", payment_status: "paid", url: null });
  const seen = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ["payment_intent.latest_charge", "line_items"],
  });
  expect(seen.payment_intent).toMatchObject({
    status: "succeeded",
    amount: 4_000,
    metadata: { order_id: "ord_7" },
    latest_charge: { amount_captured: 4_000 },
  });
  expect(seen.line_items?.data.map((each) => [each.description, each.quantity, each.amount_total])).toEqual([
    ["Laptop <script>alert(1)</script>", 2, 3_000],
    ["Bag", 1, 1_000],
  ]);
  expect((await stripe.checkout.sessions.listLineItems(session.id)).data).toHaveLength(2);
  await bench.sink.until(() => bench.sink.types(session.id).includes("checkout.session.completed"));
  const found = await stripe.checkout.sessions.list({
    payment_intent: (seen.payment_intent as Stripe.PaymentIntent).id,
  });
  expect(found.data.map((each) => each.id)).toEqual([session.id]);
});

test("a decline leaves the session open; the next card pays the same payment", async () => {
  const session = await open();
  const declined = await payOn(session.id, "pm_card_chargeDeclined");
  expect(declined).toMatchObject({ status: "open", last_payment_error: { code: "card_declined" } });
  const paid = await payOn(session.id, "pm_card_visa");
  expect(paid).toMatchObject({ status: "complete", payment_intent: declined.payment_intent });
  expect(await ledgerLine(bench, refOf(paid.payment_intent))).toMatchObject({
    captured: 4_000,
    captures: 1,
  });
});

test("an authorized session is complete and unpaid until it is captured", async () => {
  const session = await open({
    payment_intent_data: { capture_method: "manual", metadata: { order_id: "ord_8" } },
  });
  const paid = await payOn(session.id, "pm_card_authenticationRequired", "pass");
  expect(paid).toMatchObject({ status: "complete", payment_status: "unpaid" });
  await stripe.paymentIntents.capture(refOf(paid.payment_intent));
  expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ payment_status: "paid" });
});

test("a failed challenge leaves the session open", async () => {
  const session = await open();
  expect(await payOn(session.id, "pm_card_authenticationRequired", "fail")).toMatchObject({
    status: "open",
    last_payment_error: { code: "payment_intent_authentication_failure" },
  });
});

test("it expires by call and by time, and then nobody can pay", async () => {
  const session = await open();
  expect(await stripe.checkout.sessions.expire(session.id)).toMatchObject({ status: "expired", url: null });
  expect((await refusal(stripe.checkout.sessions.expire(session.id))).message).toContain(
    'Only Checkout Sessions with a status in ["open"] can be expired',
  );
  expect(await (await fetch(session.url ?? "")).text()).toContain("This page has expired");
  const late = await open({ expires_at: Math.floor(Date.now() / 1000) + 1_800 });
  await bench.mock("/clock", { advance_s: 1_900 });
  expect(await stripe.checkout.sessions.retrieve(late.id)).toMatchObject({ status: "expired" });
  await bench.sink.until(() => bench.sink.types(late.id).includes("checkout.session.expired"));
});

test("what a session must have is asked for as Stripe does", async () => {
  const bad = (more: object) => refusal(open(more));
  expect(await bad({ success_url: undefined })).toMatchObject({
    code: "parameter_missing",
    param: "success_url",
  });
  expect(await bad({ line_items: undefined })).toMatchObject({
    code: "parameter_missing",
    param: "line_items",
  });
  expect(await bad({ expires_at: Math.floor(Date.now() / 1000) + 60 })).toMatchObject({
    param: "expires_at",
  });
  expect(await bad({ payment_intent_data: { foo: 1 } })).toMatchObject({
    code: "parameter_unknown",
    param: "payment_intent_data[foo]",
  });
  expect(
    await bad({
      line_items: [
        { quantity: 1, price_data: { currency: "usd", unit_amount: "x", product_data: { name: "A" } } },
      ],
    }),
  ).toMatchObject({ code: "parameter_invalid_integer", param: "line_items[0][price_data][unit_amount]" });
  expect(
    await bad({
      line_items: [
        { quantity: 1, price_data: { currency: "usd", unit_amount: 10, product_data: { name: "A" } } },
      ],
    }),
  ).toMatchObject({ code: "amount_too_small" });
  expect(await bad({ success_url: "javascript:alert(1)" })).toMatchObject({ code: "url_invalid" });
});

test("the page escapes what the merchant wrote", async () => {
  const session = await open();
  const html = await (await fetch(session.url ?? "")).text();
  expect(html).toContain("Laptop &lt;script&gt;");
  expect(html).not.toContain("<script");
});

test("in setup mode a card is saved and nothing is paid", async () => {
  const customer = await stripe.customers.create({ email: "ada@example.com" });
  const session = await stripe.checkout.sessions.create({
    mode: "setup",
    currency: "usd",
    customer: customer.id,
    success_url: "https://shop.test/done",
    setup_intent_data: { metadata: { order_id: "ord_9" } },
  });
  expect(session).toMatchObject({ payment_status: "no_payment_required", amount_total: null, mode: "setup" });
  expect(await payOn(session.id, "pm_card_visa")).toMatchObject({ status: "complete", url: null });
  const seen = await stripe.checkout.sessions.retrieve(session.id, { expand: ["setup_intent"] });
  expect(seen.setup_intent).toMatchObject({ status: "succeeded", metadata: { order_id: "ord_9" } });
  expect((await stripe.paymentMethods.list({ customer: customer.id })).data).toHaveLength(1);
  expect(await refusal(open({ mode: "subscription" }))).toMatchObject({ param: "mode", statusCode: 400 });
});

test("discounts and shipping count, and what the page asks for is shown", async () => {
  const coupon = await stripe.coupons.create({ percent_off: 25 });
  const session = await open({
    discounts: [{ coupon: coupon.id }],
    shipping_options: [
      {
        shipping_rate_data: {
          display_name: "Post",
          type: "fixed_amount",
          fixed_amount: { amount: 500, currency: "usd" },
        },
      },
    ],
    locale: "de",
    phone_number_collection: { enabled: true },
    customer_creation: "always",
  });
  expect(session).toMatchObject({
    amount_subtotal: 4_000,
    amount_total: 3_500,
    total_details: { amount_discount: 1_000, amount_shipping: 500 },
    locale: "de",
    phone_number_collection: { enabled: true },
  });
  const paid = await payOn(session.id, "pm_card_visa");
  expect(await ledgerLine(bench, refOf(paid.payment_intent))).toMatchObject({ captured: 3_500 });
  expect(paid.customer).toMatch(/^cus_/);
});
