import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { passesLuhn } from "../../src/mock-provider/cards.ts";
import { CARDS } from "../../src/mock-provider/test-cards.ts";
import { openBench, pay, refusal, type Bench } from "./provider.ts";

let bench: Bench;
let stripe: Stripe;
beforeAll(async () => {
  bench = await openBench();
  stripe = bench.stripe;
});
afterAll(() => bench.stop());

test("every card has a number that cards can have, and a name of its own", () => {
  expect(CARDS.filter(({ number }) => !passesLuhn(number))).toEqual([]);
  const names = CARDS.flatMap((each) => each.names);
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(CARDS.map((each) => each.number)).size).toBe(CARDS.length);
});

test(
  "every card is known by name, by token and by number, and does the same",
  { timeout: 30_000 },
  async () => {
    const outcome = async (payment_method_data: object): Promise<string> => {
      const more = { payment_method_data } as Partial<Stripe.PaymentIntentCreateParams>;
      const { payment_method: _visa, ...params } = { ...more, payment_method: undefined };
      const call = stripe.paymentIntents.create({
        amount: 2_000,
        currency: "usd",
        confirm: true,
        allowed_payment_method_types: ["card"],
        ...params,
      });
      return call.then(
        (payment) => payment.status,
        (error: Stripe.errors.StripeError) => `${error.code ?? ""} ${error.decline_code ?? ""}`,
      );
    };
    for (const card of CARDS) {
      const numbered = await outcome({
        type: "card",
        card: { number: card.number, exp_month: 12, exp_year: 2040, cvc: "123" },
      });
      for (const name of card.names) {
        const token = `tok_${name}`;
        expect([name, await outcome({ type: "card", card: { token } })]).toEqual([name, numbered]);
      }
    }
  },
);

test("a decline says who refused, why, and whether trying again helps", async () => {
  const error = await refusal(pay(stripe, { payment_method: "pm_card_chargeDeclinedInsufficientFunds" }));
  expect(error).toMatchObject({
    code: "card_declined",
    decline_code: "insufficient_funds",
    advice_code: "try_again_later",
    network_decline_code: "01",
    payment_intent: { status: "requires_payment_method" },
    doc_url: "https://stripe.com/docs/error-codes/card-declined",
  });
  expect(await stripe.charges.retrieve(error.charge ?? "")).toMatchObject({
    status: "failed",
    outcome: {
      type: "issuer_declined",
      network_status: "declined_by_network",
      reason: "insufficient_funds",
      seller_message: "The bank returned the decline code `insufficient_funds`.",
    },
  });
});

test("what looks like fraud is blocked before the network sees it", async () => {
  const error = await refusal(pay(stripe, { payment_method: "pm_card_riskLevelHighest" }));
  expect(error).toMatchObject({ code: "card_declined", decline_code: "fraudulent" });
  expect(await stripe.charges.retrieve(error.charge ?? "")).toMatchObject({
    outcome: { type: "blocked", risk_level: "highest", network_status: "not_sent_to_network" },
  });
  const payment = await pay(stripe, {
    payment_method: "pm_card_riskLevelElevated",
    expand: ["latest_charge"],
  });
  expect(payment.latest_charge).toMatchObject({ outcome: { risk_level: "elevated", type: "authorized" } });
});

describe("authentication", () => {
  const saved = async (card: string) => {
    const customer = await stripe.customers.create({});
    const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
    return { customer: customer.id, payment_method: method.id };
  };
  const off = { off_session: true } as const;

  test("is asked for until the card was set up, and then no more", async () => {
    const who = await saved("pm_card_authenticationRequiredOnSetup");
    expect((await pay(stripe, who)).status).toBe("requires_action");
    expect(await refusal(pay(stripe, { ...who, ...off }))).toMatchObject({ code: "authentication_required" });
    const setup = await stripe.setupIntents.create({
      ...who,
      confirm: true,
      allowed_payment_method_types: ["card"],
    });
    expect(setup.status).toBe("requires_action");
    const page = (setup.next_action?.use_stripe_sdk as unknown as { stripe_js: string }).stripe_js;
    expect(
      (await fetch(page, { method: "POST", body: new URLSearchParams({ outcome: "pass" }) })).status,
    ).toBe(200);
    expect((await stripe.setupIntents.retrieve(setup.id)).status).toBe("succeeded");
    expect((await pay(stripe, { ...who, ...off })).status).toBe("succeeded");
    await bench.sink.until(() => bench.sink.types(setup.id).includes("setup_intent.succeeded"));
  });

  test("is asked for on session only, or only when the merchant wishes", async () => {
    const who = await saved("pm_card_authenticationRequiredSetupForOffSession");
    expect((await pay(stripe, who)).status).toBe("requires_action");
    expect((await pay(stripe, { ...who, ...off })).status).toBe("succeeded");
    const optional = { payment_method: "pm_card_threeDSecureOptional" };
    expect((await pay(stripe, optional)).status).toBe("succeeded");
    const wished = { card: { request_three_d_secure: "any" } } as const;
    expect((await pay(stripe, { ...optional, payment_method_options: wished })).status).toBe(
      "requires_action",
    );
  });
});

test("a method that no customer keeps is good for one payment", async () => {
  const method = await stripe.paymentMethods.create({ type: "card", card: { token: "tok_visa" } });
  await pay(stripe, { payment_method: method.id });
  expect((await refusal(pay(stripe, { payment_method: method.id }))).message).toContain(
    "may not be used again",
  );
  const customer = await stripe.customers.create({});
  const kept = await pay(stripe, { customer: customer.id, setup_future_usage: "off_session" });
  const again = { payment_method: kept.payment_method as string };
  expect((await refusal(pay(stripe, again))).message).toContain(
    "you must provide the customer in the request",
  );
  expect((await pay(stripe, { ...again, customer: customer.id })).status).toBe("succeeded");
});

describe("a hold that asked for more", () => {
  const hold = (card: object) =>
    pay(stripe, { capture_method: "manual", payment_method_options: { card }, expand: ["latest_charge"] });

  test("can be raised, and not without having asked", async () => {
    const payment = await hold({ request_incremental_authorization: "if_available" });
    expect(await stripe.paymentIntents.incrementAuthorization(payment.id, { amount: 2_500 })).toMatchObject({
      amount: 2_500,
      amount_capturable: 2_500,
      status: "requires_capture",
    });
    expect(
      await refusal(stripe.paymentIntents.incrementAuthorization(payment.id, { amount: 2_500 })),
    ).toMatchObject({ param: "amount" });
    const plain = await hold({});
    expect(
      (await refusal(stripe.paymentIntents.incrementAuthorization(plain.id, { amount: 2_500 }))).message,
    ).toContain("you did not request support using `request_incremental_authorization`");
  });

  test("can be captured in several parts, and not without having asked", async () => {
    const payment = await hold({ request_multicapture: "if_available" });
    expect(
      await stripe.paymentIntents.capture(payment.id, { amount_to_capture: 700, final_capture: false }),
    ).toMatchObject({ status: "requires_capture", amount_received: 700, amount_capturable: 1_300 });
    expect(await stripe.paymentIntents.capture(payment.id, { amount_to_capture: 300 })).toMatchObject({
      status: "succeeded",
      amount_received: 1_000,
      amount_capturable: 0,
    });
    const plain = await hold({});
    expect(await refusal(stripe.paymentIntents.capture(plain.id, { final_capture: false }))).toMatchObject({
      param: "final_capture",
    });
  });

  test("can be captured above what was authorized, up to the network's limit", async () => {
    const payment = await hold({ request_overcapture: "if_available" });
    expect(
      await refusal(stripe.paymentIntents.capture(payment.id, { amount_to_capture: 2_301 })),
    ).toMatchObject({ code: "amount_too_large" });
    expect(await stripe.paymentIntents.capture(payment.id, { amount_to_capture: 2_300 })).toMatchObject({
      amount_received: 2_300,
    });
  });
});
