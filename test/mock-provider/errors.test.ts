import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { client, openBench, pay, refusal, type Bench } from "./provider.ts";

let bench: Bench;
let stripe: Stripe;
beforeAll(async () => {
  bench = await openBench();
  stripe = bench.stripe;
});
afterAll(() => bench.stop());

interface Refused {
  error: Record<string, unknown>;
}
const send = async (method: string, path: string, body = "", headers: Record<string, string> = {}) => {
  const answer = await fetch(`${bench.provider.url}${path}`, {
    method,
    headers: {
      authorization: "Bearer sk_test_mock",
      ...(body === "" ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      ...headers,
    },
    ...(body === "" ? {} : { body }),
  });
  return { status: answer.status, headers: answer.headers, ...((await answer.json()) as Refused) };
};
const create = (body: string) => send("POST", "/v1/payment_intents", `amount=2000&currency=usd&${body}`);

describe("a parameter", () => {
  test.each<[name: string, body: string, error: object]>([
    [
      "that nobody knows",
      "foo=1&shipping[bar]=2",
      { code: "parameter_unknown", message: "Received unknown parameters: foo, shipping[bar]", param: "foo" },
    ],
    [
      "deep inside that nobody knows",
      "payment_method_options[card][installments][foo]=1",
      { code: "parameter_unknown", param: "payment_method_options[card][installments][foo]" },
    ],
    [
      "of a choice that is not offered",
      "payment_method_options[card][request_three_d_secure]=maybe",
      {
        message:
          "Invalid payment_method_options[card][request_three_d_secure]: must be one of any, automatic, or challenge",
      },
    ],
    ["that is no boolean", "confirm=maybe", { message: "Invalid boolean: maybe", param: "confirm" }],
    ["that is no hash", "shipping=here", { message: "Invalid object", param: "shipping" }],
    ["that is no list", "expand=customer", { message: "Invalid array", param: "expand" }],
    ["that is no string", "description[a]=1", { param: "description" }],
    [
      "missing inside a hash",
      "shipping[address][city]=Bonn",
      {
        code: "parameter_missing",
        message: "Missing required param: shipping[name].",
        param: "shipping[name]",
      },
    ],
    ["that cannot be unset", "capture_method=", { code: "parameter_invalid_empty", param: "capture_method" }],
    ["that is no address of mail", "receipt_email=nobody", { code: "email_invalid", param: "receipt_email" }],
    [
      "beside another that excludes it",
      "payment_method=pm_card_visa&payment_method_data[type]=card",
      { code: "parameters_exclusive" },
    ],
    [
      "for connected accounts",
      "application_fee_amount=10",
      { code: "parameter_missing", param: "application_fee_amount" },
    ],
    [
      "with too many keys of metadata",
      Array.from({ length: 51 }, (_, index) => `metadata[k${index}]=1`).join("&"),
      { param: "metadata" },
    ],
    ["with too long a key of metadata", `metadata[${"k".repeat(41)}]=1`, { type: "invalid_request_error" }],
    [
      "with too long a value of metadata",
      `metadata[k]=${"v".repeat(501)}`,
      { type: "invalid_request_error" },
    ],
    [
      "that is expanded and cannot be",
      "expand[]=amount",
      { message: "This property cannot be expanded (amount).", param: "expand" },
    ],
    [
      "that is expanded too deeply",
      "expand[]=latest_charge.payment_intent.latest_charge.customer.default_source",
      {
        message:
          "You cannot expand more than 4 levels of a property. Property: latest_charge.payment_intent.latest_charge.customer.default_source",
      },
    ],
  ])("%s", async (_name, body, expected) => {
    const { status, error } = await create(body);
    expect([status, error]).toMatchObject([400, { type: "invalid_request_error", ...expected }]);
    expect(error["request_log_url"]).toMatch(/^https:\/\/dashboard\.stripe\.com\/test\/logs\/req_/);
    const { code, doc_url } = error;
    if (typeof code === "string") expect(doc_url).toContain(code.replaceAll("_", "-"));
  });

  test("that Stripe knows is taken, and shown again where the object has it", async () => {
    const payment = await stripe.paymentIntents.create({
      amount: 2_000,
      currency: "usd",
      payment_method_options: {
        card: { request_three_d_secure: "any", request_multicapture: "if_available" },
      },
      excluded_payment_method_types: ["alipay"],
      payment_details: { order_reference: "PO-1" },
      transfer_group: "group",
      statement_descriptor_suffix: "ORDER",
      use_stripe_sdk: true,
    });
    expect(payment).toMatchObject({
      payment_method_options: {
        card: { request_three_d_secure: "any", request_multicapture: "if_available", network: null },
      },
      excluded_payment_method_types: ["alipay"],
      payment_details: { order_reference: "PO-1" },
      transfer_group: "group",
    });
  });
});

describe("a list", () => {
  test.each<[path: string, error: object]>([
    ["/v1/payment_intents?limit=101", { code: "parameter_invalid_integer", param: "limit" }],
    ["/v1/payment_intents?limit=0", { code: "parameter_invalid_integer", param: "limit" }],
    ["/v1/payment_intents?limit=ten", { message: "Invalid integer: ten", param: "limit" }],
    ["/v1/payment_intents?starting_after=pi_x", { code: "resource_missing", param: "starting_after" }],
    ["/v1/charges?ending_before=ch_x", { code: "resource_missing", param: "ending_before" }],
    ["/v1/refunds?starting_after=re_1&ending_before=re_2", { type: "invalid_request_error" }],
    ["/v1/disputes?created[since]=1", { code: "parameter_unknown", param: "created[since]" }],
    ["/v1/customers?created[gte]=soon", { message: "Invalid integer: soon", param: "created[gte]" }],
    ["/v1/checkout/sessions?status=done", { param: "status" }],
    [
      "/v1/charges?expand[]=customer",
      {
        message:
          "This property cannot be expanded (customer). You may want to try expanding 'data.customer' instead.",
      },
    ],
  ])("%s", async (path, expected) => {
    expect(await send("GET", path)).toMatchObject({ status: 400, error: expected });
  });
});

test.each<[path: string, message: string, param: string]>([
  ["/v1/payment_intents/x", "No such payment_intent: 'x'", "intent"],
  ["/v1/setup_intents/x", "No such setupintent: 'x'", "intent"],
  ["/v1/charges/x", "No such charge: 'x'", "id"],
  ["/v1/refunds/x", "No such refund: 'x'", "id"],
  ["/v1/customers/x", "No such customer: 'x'", "id"],
  ["/v1/products/x", "No such product: 'x'", "id"],
  ["/v1/payment_methods/x", "No such PaymentMethod: 'x'", "payment_method"],
  ["/v1/checkout/sessions/x", "No such checkout.session: 'x'", "session"],
])("%s is not there", async (path, message, param) => {
  expect(await send("GET", path)).toMatchObject({
    status: 404,
    error: { type: "invalid_request_error", code: "resource_missing", message, param },
  });
});

test("a body that is no form, a slash too many and somebody else's account are refused", async () => {
  const json = { "content-type": "application/json" };
  expect(await send("POST", "/v1/customers", "{}", json)).toMatchObject({ status: 400 });
  expect((await send("GET", "/v1/customers/")).error["message"]).toContain("remove the trailing slash");
  expect(await send("GET", "/v1/balance", "", { "stripe-account": "acct_other" })).toMatchObject({
    status: 403,
    error: { code: "account_invalid" },
  });
});

test("a wrong state names the payment and where it stands", async () => {
  const payment = await pay(stripe);
  for (const call of [
    stripe.paymentIntents.cancel(payment.id),
    stripe.paymentIntents.capture(payment.id),
    stripe.paymentIntents.confirm(payment.id),
    stripe.paymentIntents.incrementAuthorization(payment.id, { amount: 3_000 }),
    stripe.paymentIntents.update(payment.id, { amount: 3_000 }),
  ]) {
    expect(await refusal(call)).toMatchObject({
      statusCode: 400,
      code: "payment_intent_unexpected_state",
      payment_intent: { id: payment.id, status: "succeeded" },
    });
  }
  expect(await refusal(stripe.refunds.create({}))).toMatchObject({
    message: "One of the following params should be provided for this request: payment_intent or charge.",
  });
  const held = await pay(stripe, { capture_method: "manual" });
  expect((await refusal(stripe.refunds.create({ payment_intent: held.id }))).message).toContain(
    `This uncaptured Charge was created by a PaymentIntent (${held.id}).`,
  );
});

test("a key whose first request is still running answers 409, and later the first one's answer", async () => {
  const own = await openBench();
  try {
    await own.mock("/chaos", { hang: 1, hang_ms: 700 });
    const options = { idempotencyKey: "busy" };
    const params = { amount: 2_000, currency: "usd" };
    // The SDK tries once more when the connection breaks, and then hears what became of its first try.
    const first = own.stripe.paymentIntents.create(params, options);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await own.mock("/chaos", {});
    expect(await refusal(own.stripe.paymentIntents.create(params, options))).toMatchObject({
      statusCode: 409,
      code: "idempotency_key_in_use",
      rawType: "idempotency_error",
    });
    const later = await first;
    expect(later.lastResponse.headers["idempotent-replayed"]).toBe("true");
    expect((await own.stripe.paymentIntents.list()).data).toHaveLength(1);
  } finally {
    await own.stop();
  }
});

describe("a publishable key", () => {
  const browser = () => client(bench.provider.port, "pk_test_mock");

  test("opens and confirms a payment with its secret, and sees little of it", async () => {
    const customer = await stripe.customers.create({});
    const made = await stripe.paymentIntents.create({
      amount: 2_000,
      currency: "usd",
      customer: customer.id,
      metadata: { internal: "yes" },
      allowed_payment_method_types: ["card"],
    });
    const secret = { client_secret: made.client_secret ?? "" };
    const seen = await browser().paymentIntents.retrieve(made.id, secret);
    expect(seen).toMatchObject({ id: made.id, amount: 2_000, status: "requires_payment_method" });
    for (const hidden of ["metadata", "customer", "latest_charge", "transfer_group"])
      expect(seen).not.toHaveProperty(hidden);
    const method = await browser().paymentMethods.create({ type: "card", card: { token: "tok_visa" } });
    const paid = await browser().paymentIntents.confirm(made.id, {
      ...secret,
      payment_method: method.id,
    });
    expect(paid.status).toBe("succeeded");
  });

  test("may do nothing else, and nothing without the secret", async () => {
    const made = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    expect(await refusal(browser().paymentIntents.retrieve(made.id))).toMatchObject({
      statusCode: 400,
      code: "parameter_missing",
      param: "client_secret",
    });
    expect(
      await refusal(browser().paymentIntents.retrieve(made.id, { client_secret: "pi_x_secret_y" })),
    ).toMatchObject({ statusCode: 400 });
    for (const call of [
      browser().paymentIntents.create({ amount: 2_000, currency: "usd" }),
      browser().paymentIntents.capture(made.id),
      browser().refunds.create({ payment_intent: made.id }),
      browser().customers.list(),
      browser().balance.retrieve(),
    ]) {
      expect(await refusal(call)).toMatchObject({ statusCode: 403, code: "secret_key_required" });
    }
  });
});
