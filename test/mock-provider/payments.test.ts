import Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { client, ledgerLine, openBench, pay, refusal, type Bench } from "./provider.ts";

let bench: Bench;
let stripe: Stripe;
beforeAll(async () => {
  bench = await openBench();
  stripe = bench.stripe;
});
afterAll(() => bench.stop());

describe("a card payment", () => {
  test("is charged at once and tells so in order", async () => {
    const payment = await pay(stripe, {
      metadata: { order_id: "ord_1" },
      expand: ["latest_charge.balance_transaction", "payment_method"],
    });
    expect(payment).toMatchObject({
      status: "succeeded",
      amount_received: 2_000,
      capture_method: "automatic_async",
      metadata: { order_id: "ord_1" },
    });
    expect(payment.latest_charge).toMatchObject({
      object: "charge",
      captured: true,
      balance_transaction: { object: "balance_transaction", amount: 2_000 },
    });
    expect(payment.payment_method).toMatchObject({ card: { last4: "4242", brand: "visa" } });
    expect(payment.lastResponse.requestId).toMatch(/^req_/);
    expect(payment.lastResponse.apiVersion).toBe("2026-10-28.endive");
    await bench.sink.until(() => bench.sink.types(payment.id).length === 2);
    expect(bench.sink.types(payment.id).sort()).toEqual([
      "payment_intent.created",
      "payment_intent.succeeded",
    ]);
    expect(await ledgerLine(bench, payment.id)).toMatchObject({
      authorized: 2_000,
      captured: 2_000,
      captures: 1,
      voided: 0,
    });
  });

  const declines: [card: string, code: string, decline: string][] = [
    ["pm_card_chargeDeclined", "card_declined", "generic_decline"],
    ["pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"],
    ["pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"],
    ["pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"],
    ["pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"],
    ["pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"],
    ["pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"],
    ["pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"],
  ];
  test.each(declines)(
    "with %s is refused as %s / %s and can be tried again",
    async (card, code, decline_code) => {
      const error = await refusal(pay(stripe, { payment_method: card }));
      expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
      expect(error).toMatchObject({ statusCode: 402, code, decline_code, type: "StripeCardError" });
      const payment = await stripe.paymentIntents.retrieve(error.payment_intent?.id ?? "");
      expect(payment).toMatchObject({
        status: "requires_payment_method",
        payment_method: null,
        last_payment_error: { code, charge: error.charge },
      });
      const again = await stripe.paymentIntents.confirm(payment.id, { payment_method: "pm_card_mastercard" });
      expect(again).toMatchObject({ status: "succeeded", last_payment_error: null });
      expect(await ledgerLine(bench, payment.id)).toMatchObject({ captured: 2_000, captures: 1 });
    },
  );

  test("by number behaves as by name; a real card's number is refused", async () => {
    const card = { exp_month: 12, exp_year: 2035, cvc: "123" };
    const method = await stripe.paymentMethods.create({
      type: "card",
      card: { number: "4000000000009995", ...card },
    });
    expect(await refusal(pay(stripe, { payment_method: method.id }))).toMatchObject({
      decline_code: "insufficient_funds",
    });
    expect(
      await refusal(
        stripe.paymentMethods.create({ type: "card", card: { number: "4242424242424241", ...card } }),
      ),
    ).toMatchObject({ code: "incorrect_number", statusCode: 402 });
    expect(
      await refusal(
        stripe.paymentMethods.create({ type: "card", card: { number: "4111111111111111", ...card } }),
      ),
    ).toMatchObject({ code: "card_declined", decline_code: "test_mode_live_card" });
    expect(
      await refusal(
        stripe.paymentMethods.create({
          type: "card",
          card: { number: "4242424242424242", ...card, exp_year: 2020 },
        }),
      ),
    ).toMatchObject({ code: "invalid_expiry_year" });
  });

  test("without a return_url is refused when redirects are allowed, as Stripe does", async () => {
    const error = await refusal(
      stripe.paymentIntents.create({
        amount: 2_000,
        currency: "usd",
        confirm: true,
        payment_method: "pm_card_visa",
      }),
    );
    expect(error.message).toContain("you must provide a `return_url`");
    const payment = await stripe.paymentIntents.create({
      amount: 2_000,
      currency: "usd",
      confirm: true,
      payment_method: "pm_card_visa",
      automatic_payment_methods: { enabled: true, allow_redirects: "never" },
    });
    expect(payment.status).toBe("succeeded");
  });
});

describe("3-D Secure", () => {
  test("passed by one API call, the payment goes through", async () => {
    const payment = await pay(stripe, {
      payment_method: "pm_card_authenticationRequired",
      return_url: "https://shop.test/back",
    });
    expect(payment).toMatchObject({
      status: "requires_action",
      next_action: { type: "redirect_to_url", redirect_to_url: { return_url: "https://shop.test/back" } },
    });
    await bench.mock(`/payment_intents/${payment.id}/authenticate`, { outcome: "pass" });
    const done = await stripe.paymentIntents.retrieve(payment.id, { expand: ["latest_charge"] });
    expect(done).toMatchObject({
      status: "succeeded",
      next_action: null,
      latest_charge: { payment_method_details: { card: { three_d_secure: { result: "authenticated" } } } },
    });
  });

  test("failed, it asks for another card", async () => {
    const payment = await pay(stripe, { payment_method: "pm_card_authenticationRequired" });
    expect(payment.next_action?.type).toBe("use_stripe_sdk");
    await bench.mock(`/payment_intents/${payment.id}/authenticate`, { outcome: "fail" });
    const failed = await stripe.paymentIntents.retrieve(payment.id);
    expect(failed).toMatchObject({
      status: "requires_payment_method",
      last_payment_error: { code: "payment_intent_authentication_failure" },
    });
    expect(await ledgerLine(bench, payment.id)).toMatchObject({ authorized: 0, captured: 0 });
  });

  test("off session it is a decline", async () => {
    const error = await refusal(
      pay(stripe, { payment_method: "pm_card_authenticationRequired", off_session: true }),
    );
    expect(error).toMatchObject({ statusCode: 402, code: "authentication_required" });
  });

  test("a person passes it on the page and is sent back", async () => {
    const payment = await pay(stripe, {
      payment_method: "pm_card_authenticationRequired",
      return_url: "https://shop.test/back?x=1",
    });
    const page = payment.next_action?.redirect_to_url?.url ?? "";
    expect(await (await fetch(page)).text()).toContain("Complete authentication");
    const sent = await fetch(page, {
      method: "POST",
      body: new URLSearchParams({ outcome: "pass" }),
      redirect: "manual",
    });
    expect(sent.status).toBe(303);
    expect(sent.headers.get("location")).toContain(`https://shop.test/back?x=1&payment_intent=${payment.id}`);
    expect(sent.headers.get("location")).toContain("redirect_status=succeeded");
  });
});

describe("manual capture", () => {
  const authorize = () => pay(stripe, { capture_method: "manual", expand: ["latest_charge"] });

  test("holds for seven days and takes all of it", async () => {
    const payment = await authorize();
    expect(payment).toMatchObject({
      status: "requires_capture",
      amount_capturable: 2_000,
      amount_received: 0,
    });
    const charge = payment.latest_charge as Stripe.Charge;
    expect(charge).toMatchObject({ captured: false, paid: true, amount_captured: 0 });
    expect(charge.payment_method_details?.card?.capture_before).toBe(charge.created + 7 * 86_400);
    const captured = await stripe.paymentIntents.capture(payment.id);
    expect(captured).toMatchObject({ status: "succeeded", amount_received: 2_000, amount_capturable: 0 });
    const again = await refusal(stripe.paymentIntents.capture(payment.id));
    expect(again).toMatchObject({
      statusCode: 400,
      code: "payment_intent_unexpected_state",
      payment_intent: { id: payment.id },
    });
    await bench.sink.until(() => bench.sink.types(charge.id).length === 2);
    expect(bench.sink.types(charge.id)).toEqual(
      expect.arrayContaining(["charge.succeeded", "charge.captured"]),
    );
    expect(await ledgerLine(bench, payment.id)).toMatchObject({
      authorized: 2_000,
      captured: 2_000,
      captures: 1,
    });
  });

  test("in part releases the rest", async () => {
    const payment = await authorize();
    expect(
      await refusal(stripe.paymentIntents.capture(payment.id, { amount_to_capture: 2_001 })),
    ).toMatchObject({ code: "amount_too_large", param: "amount_to_capture" });
    await stripe.paymentIntents.capture(payment.id, { amount_to_capture: 1_500 });
    expect(await stripe.paymentIntents.retrieve(payment.id, { expand: ["latest_charge"] })).toMatchObject({
      amount_received: 1_500,
      latest_charge: { amount_captured: 1_500, amount_refunded: 500, refunded: false },
    });
    expect(await ledgerLine(bench, payment.id)).toMatchObject({
      authorized: 2_000,
      captured: 1_500,
      voided: 500,
      refunded: 0,
      refunds: 0,
    });
  });

  test("is given back by a cancel, with a reason, once", async () => {
    const payment = await authorize();
    expect(
      await refusal(
        stripe.paymentIntents.cancel(payment.id, { cancellation_reason: "void_invoice" as "abandoned" }),
      ),
    ).toMatchObject({ param: "cancellation_reason" });
    const canceled = await stripe.paymentIntents.cancel(payment.id, {
      cancellation_reason: "requested_by_customer",
    });
    expect(canceled).toMatchObject({
      status: "canceled",
      cancellation_reason: "requested_by_customer",
      amount_capturable: 0,
    });
    expect(await refusal(stripe.paymentIntents.cancel(payment.id))).toMatchObject({
      code: "payment_intent_unexpected_state",
    });
    expect(await refusal(stripe.paymentIntents.capture(payment.id))).toMatchObject({
      code: "payment_intent_unexpected_state",
    });
    expect(await ledgerLine(bench, payment.id)).toMatchObject({
      authorized: 2_000,
      captured: 0,
      voided: 2_000,
      status: "canceled",
    });
  });

  test("lapses when nobody captures in time", async () => {
    const other = await openBench();
    try {
      const payment = await pay(other.stripe, { capture_method: "manual" });
      await other.mock("/clock", { advance_s: 7 * 86_400 + 1 });
      expect(await other.stripe.paymentIntents.retrieve(payment.id)).toMatchObject({
        status: "canceled",
        cancellation_reason: "automatic",
      });
      expect(await ledgerLine(other, payment.id)).toMatchObject({
        authorized: 2_000,
        captured: 0,
        voided: 2_000,
      });
      await other.sink.until(() => other.sink.types().includes("charge.expired"));
      expect(other.sink.types()).toContain("payment_intent.canceled");
    } finally {
      await other.stop();
    }
  });
});

describe("requests that are wrong are answered as Stripe answers them", () => {
  const create = (params: object) =>
    refusal(stripe.paymentIntents.create(params as Stripe.PaymentIntentCreateParams));
  test.each<[string, object, object]>([
    [
      "an unknown parameter",
      { amount: 2_000, currency: "usd", foo: 1 },
      { code: "parameter_unknown", param: "foo", message: "Received unknown parameter: foo" },
    ],
    [
      "an unknown nested parameter",
      { amount: 2_000, currency: "usd", automatic_payment_methods: { enabled: true, foo: 1 } },
      { code: "parameter_unknown", param: "automatic_payment_methods[foo]" },
    ],
    [
      "no amount",
      { currency: "usd" },
      { code: "parameter_missing", param: "amount", message: "Missing required param: amount." },
    ],
    ["no currency", { amount: 2_000 }, { code: "parameter_missing", param: "currency" }],
    [
      "an amount that is no number",
      { amount: "ten", currency: "usd" },
      { code: "parameter_invalid_integer", param: "amount", message: "Invalid integer: ten" },
    ],
    [
      "an amount of zero",
      { amount: 0, currency: "usd" },
      { code: "parameter_invalid_integer", param: "amount" },
    ],
    [
      "too small an amount",
      { amount: 49, currency: "usd" },
      { code: "amount_too_small", param: "amount", message: "Amount must be at least $0.50 usd" },
    ],
    [
      "too small an amount of yen",
      { amount: 49, currency: "jpy" },
      { code: "amount_too_small", message: "Amount must be at least ¥50 jpy" },
    ],
    [
      "too large an amount",
      { amount: 100_000_000, currency: "usd" },
      { code: "amount_too_large", param: "amount" },
    ],
    ["dinars with a last digit", { amount: 5_123, currency: "kwd" }, { param: "amount" }],
    ["an unknown currency", { amount: 2_000, currency: "xyz" }, { param: "currency" }],
    [
      "an unknown choice",
      { amount: 2_000, currency: "usd", capture_method: "later" },
      { param: "capture_method" },
    ],
    [
      "an unknown customer",
      { amount: 2_000, currency: "usd", customer: "cus_none" },
      { code: "resource_missing", param: "customer", message: "No such customer: 'cus_none'" },
    ],
    [
      "an unknown method",
      { amount: 2_000, currency: "usd", payment_method: "pm_none" },
      { code: "resource_missing", param: "payment_method" },
    ],
    [
      "an empty value",
      { amount: 2_000, currency: "" },
      { code: "parameter_invalid_empty", param: "currency" },
    ],
  ])("%s", async (_name, params, expected) => {
    expect(await create(params)).toMatchObject({
      statusCode: 400,
      type: "StripeInvalidRequestError",
      ...expected,
    });
  });

  test("unknown things, paths and keys", async () => {
    expect(await refusal(stripe.paymentIntents.retrieve("pi_none"))).toMatchObject({
      statusCode: 404,
      code: "resource_missing",
      param: "intent",
      message: "No such payment_intent: 'pi_none'",
    });
    expect(await refusal(client(bench.provider.port, "sk_live_real").balance.retrieve())).toMatchObject({
      statusCode: 401,
      type: "StripeAuthenticationError",
    });
    const bare = await fetch(`${bench.provider.url}/v1/balance`);
    expect([bare.status, bare.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="Stripe"']);
    const unknown = await fetch(`${bench.provider.url}/v1/nonsense`, {
      headers: { authorization: "Bearer sk_test_mock" },
    });
    expect([unknown.status, await unknown.json()]).toMatchObject([
      404,
      {
        error: {
          type: "invalid_request_error",
          message: expect.stringContaining("Unrecognized request URL (GET: /v1/nonsense)") as string,
        },
      },
    ]);
  });

  test("a key sees only its own account", async () => {
    const payment = await pay(stripe);
    expect(
      await refusal(client(bench.provider.port, "sk_test_other").paymentIntents.retrieve(payment.id)),
    ).toMatchObject({ code: "resource_missing" });
  });
});

describe("encoding, lists and metadata", () => {
  test("arrays come as a[], a[0] and nested", async () => {
    const send = async (body: string) => {
      const answer = await fetch(`${bench.provider.url}/v1/payment_intents`, {
        method: "POST",
        headers: {
          authorization: `Basic ${Buffer.from("sk_test_mock:").toString("base64")}`,
          "content-type": "application/x-www-form-urlencoded",
        },
        body,
      });
      return (await answer.json()) as Stripe.PaymentIntent;
    };
    expect(
      (await send("amount=2000&currency=usd&payment_method_types[]=card&metadata[a]=1&expand[]=customer"))
        .payment_method_types,
    ).toEqual(["card"]);
    expect(
      (
        await send(
          "amount=2000&currency=usd&payment_method_types%5B%5D=card&payment_method_types%5B%5D=sepa_debit",
        )
      ).payment_method_types,
    ).toEqual(["card", "sepa_debit"]);
    expect(
      (await send("amount=2000&currency=usd&payment_method_types[0]=card")).payment_method_types,
    ).toEqual(["card"]);
  });

  test("pages go forward and back", async () => {
    const own = client(bench.provider.port, "sk_test_pages");
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1)
      made.unshift((await own.paymentIntents.create({ amount: 2_000, currency: "usd" })).id);
    const first = await own.paymentIntents.list({ limit: 2 });
    expect([first.data.map((each) => each.id), first.has_more, first.url]).toEqual([
      made.slice(0, 2),
      true,
      "/v1/payment_intents",
    ]);
    const second = await own.paymentIntents.list({ limit: 2, starting_after: made[1]! });
    expect(second.data.map((each) => each.id)).toEqual(made.slice(2, 4));
    const back = await own.paymentIntents.list({ limit: 2, ending_before: made[4]! });
    expect([back.data.map((each) => each.id), back.has_more]).toEqual([made.slice(2, 4), true]);
    const all: string[] = [];
    for await (const each of own.paymentIntents.list({ limit: 2 })) all.push(each.id);
    expect(all).toEqual(made);
    expect(await refusal(own.paymentIntents.list({ limit: 101 }))).toMatchObject({
      statusCode: 400,
      param: "limit",
    });
    expect(
      (await own.paymentIntents.list({ created: { gte: Math.floor(Date.now() / 1000) + 100 } })).data,
    ).toEqual([]);
  });

  test("lists expand, and what cannot be expanded says so", async () => {
    const payment = await pay(stripe);
    const page = await stripe.paymentIntents.list({
      limit: 1,
      expand: ["data.latest_charge.balance_transaction"],
    });
    expect(page.data[0]).toMatchObject({
      id: payment.id,
      latest_charge: { object: "charge", balance_transaction: { object: "balance_transaction" } },
    });
    const error = await refusal(stripe.paymentIntents.retrieve(payment.id, { expand: ["amount"] }));
    expect(error.message).toContain("This property cannot be expanded (amount).");
  });

  test("metadata merges, unsets by key and as a whole", async () => {
    const payment = await stripe.paymentIntents.create({
      amount: 2_000,
      currency: "usd",
      metadata: { a: "1", b: "2" },
    });
    expect(
      (await stripe.paymentIntents.update(payment.id, { metadata: { b: "", c: "3" } })).metadata,
    ).toEqual({ a: "1", c: "3" });
    expect((await stripe.paymentIntents.update(payment.id, { metadata: "" })).metadata).toEqual({});
    expect(
      await refusal(stripe.paymentIntents.update(payment.id, { metadata: { ["k".repeat(41)]: "1" } })),
    ).toMatchObject({ statusCode: 400 });
  });

  test("an update changes what is still open", async () => {
    const payment = await stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    expect(
      await stripe.paymentIntents.update(payment.id, { amount: 3_000, payment_method: "pm_card_visa" }),
    ).toMatchObject({ amount: 3_000, status: "requires_confirmation" });
    const done = await stripe.paymentIntents.confirm(payment.id, { return_url: "https://shop.test" });
    expect(done.status).toBe("succeeded");
    expect(await refusal(stripe.paymentIntents.update(payment.id, { amount: 1_000 }))).toMatchObject({
      code: "payment_intent_unexpected_state",
    });
    expect(await refusal(stripe.paymentIntents.confirm(payment.id))).toMatchObject({
      code: "payment_intent_unexpected_state",
    });
  });
});

describe("an idempotency key", () => {
  const params = { amount: 2_000, currency: "usd" };
  test("replays the answer and does the work once", async () => {
    const first = await stripe.paymentIntents.create(params, { idempotencyKey: "k-1" });
    const again = await stripe.paymentIntents.create(params, { idempotencyKey: "k-1" });
    expect(again.id).toBe(first.id);
    expect(again.lastResponse.headers["idempotent-replayed"]).toBe("true");
    expect(first.lastResponse.headers["idempotent-replayed"]).toBeUndefined();
  });

  test("with other parameters or on another endpoint is an error", async () => {
    await stripe.paymentIntents.create(params, { idempotencyKey: "k-2" });
    expect(
      await refusal(stripe.paymentIntents.create({ ...params, amount: 2_001 }, { idempotencyKey: "k-2" })),
    ).toMatchObject({ type: "StripeIdempotencyError", statusCode: 400 });
    expect(await refusal(stripe.customers.create({}, { idempotencyKey: "k-2" }))).toMatchObject({
      type: "StripeIdempotencyError",
    });
    expect(
      await client(bench.provider.port, "sk_test_other").paymentIntents.create(params, {
        idempotencyKey: "k-2",
      }),
    ).toMatchObject({ amount: 2_000 });
  });

  test("keeps a decline, but not what failed validation", async () => {
    const refused = () =>
      refusal(
        stripe.paymentIntents.create(
          {
            ...params,
            confirm: true,
            payment_method: "pm_card_chargeDeclined",
            allowed_payment_method_types: ["card"],
          },
          { idempotencyKey: "k-3" },
        ),
      );
    const [one, two] = [await refused(), await refused()];
    expect(two.charge).toBe(one.charge);
    expect(two.headers?.["idempotent-replayed"]).toBe("true");
    expect(
      await refusal(stripe.paymentIntents.create({ ...params, amount: 1 }, { idempotencyKey: "k-4" })),
    ).toMatchObject({ code: "amount_too_small" });
    expect((await stripe.paymentIntents.create(params, { idempotencyKey: "k-4" })).amount).toBe(2_000);
  });
});
