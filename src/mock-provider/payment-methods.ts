import { createHash } from "node:crypto";
import { z } from "zod";
import { cardByName, cardByNumber, passesLuhn } from "./cards.ts";
import type { Actor, Call } from "./call.ts";
import { badParam, missingParam, noSuch, ProviderError } from "./errors.ts";
import { expandable } from "./expand.ts";
import type { PaymentMethod } from "./objects.ts";
import { billingDetails, integer, mergeMetadata, metadata, parseParams, text } from "./params.ts";
import { randomId } from "./random-id.ts";
import type { Card } from "./test-cards.ts";

const cardShape = z.strictObject({
  number: text().optional(),
  exp_month: integer.optional(),
  exp_year: integer.optional(),
  cvc: text().optional(),
  token: text().optional(),
  networks: z.unknown().optional(),
});

/** What makes a payment method, on its own or inside `payment_method_data`. */
export const methodData = {
  type: text(),
  card: cardShape.optional(),
  sepa_debit: z.object({ iban: text() }).optional(),
  billing_details: billingDetails.optional(),
  metadata: metadata.optional(),
  allow_redisplay: text().optional(),
};
const createShape = z.object({
  ...methodData,
  customer: text().optional(),
  payment_method: text().optional(),
  ...expandable,
});
export type MethodData = Omit<z.output<typeof createShape>, "expand" | "customer" | "payment_method">;

export function createPaymentMethod(call: Call): object {
  return makeMethod(call, parseParams(createShape, call.params));
}

/** A payment method of a card, by number or token, or of a bank account. */
export function makeMethod(actor: Actor, data: MethodData, prefix = "pm_1"): PaymentMethod {
  if (data.type === "sepa_debit") {
    if (!data.sepa_debit) throw missingParam("sepa_debit");
    return store(actor, bankMethod(actor, data.sepa_debit.iban), data);
  }
  if (data.type !== "card") {
    throw badParam(
      `The payment method type provided: ${data.type} is invalid. Please ensure the provided type is activated in your dashboard (https://dashboard.stripe.com/account/payments/settings) and your account is enabled for any preview features that you are trying to use.`,
      "type",
    );
  }
  if (!data.card) throw missingParam("card");
  const { token, number, exp_month, exp_year } = data.card;
  if (token !== undefined) {
    const card = token.startsWith("tok_") ? cardByName(token) : undefined;
    if (!card) throw noSuch("token", token, "card[token]", 400);
    return store(actor, cardMethod(actor, card, nextYear(actor), prefix), data);
  }
  if (number === undefined) throw missingParam("card[number]");
  if (exp_month === undefined) throw missingParam("card[exp_month]");
  if (exp_year === undefined) throw missingParam("card[exp_year]");
  const expires = checkExpiry(actor, exp_month, exp_year);
  const digits = number.replace(/[\s-]/g, "");
  if (!/^\d{12,19}$/.test(digits) || !passesLuhn(digits)) {
    throw cardInput("Your card number is incorrect.", "incorrect_number", "number");
  }
  const cvc = data.card.cvc;
  if (cvc !== undefined && !/^\d{3,4}$/.test(cvc)) {
    throw cardInput("Your card's security code is invalid.", "invalid_cvc", "cvc");
  }
  const card = cardByNumber(digits);
  if (!card) {
    throw cardInput(
      "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test cards, visit: https://stripe.com/docs/testing.",
      "card_declined",
      "number",
      "test_mode_live_card",
    );
  }
  return store(actor, cardMethod(actor, card, expires), data);
}

function cardInput(message: string, code: string, param: string, decline?: string): ProviderError {
  const body = { type: "card_error" as const, code, message, param };
  return new ProviderError(402, decline === undefined ? body : { ...body, decline_code: decline });
}

interface Expiry {
  month: number;
  year: number;
}
const nextYear = (actor: Actor): Expiry => ({
  month: 12,
  year: new Date(actor.world.clock.ms()).getUTCFullYear() + 4,
});

function checkExpiry(actor: Actor, month: number, given: number): Expiry {
  const year = given < 100 ? 2000 + given : given;
  const now = new Date(actor.world.clock.ms());
  if (month < 1 || month > 12) {
    throw cardInput("Your card's expiration month is invalid.", "invalid_expiry_month", "exp_month");
  }
  if (year < now.getUTCFullYear() || year > now.getUTCFullYear() + 50) {
    throw cardInput("Your card's expiration year is invalid.", "invalid_expiry_year", "exp_year");
  }
  if (year === now.getUTCFullYear() && month < now.getUTCMonth() + 1) {
    throw cardInput("Your card's expiration month is invalid.", "invalid_expiry_month", "exp_month");
  }
  return { month, year };
}

const fingerprint = (number: string) => createHash("sha256").update(number).digest("hex").slice(0, 16);

function base(actor: Actor, prefix = "pm_1"): Omit<PaymentMethod, "type"> {
  return {
    id: randomId(prefix),
    object: "payment_method",
    allow_redisplay: "unspecified",
    billing_details: { address: emptyAddress(), email: null, name: null, phone: null, tax_id: null },
    created: actor.world.clock.now(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
  };
}
/** An address of which nothing is known. */
export const emptyAddress = () => ({
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
});

function cardMethod(actor: Actor, card: Card, expires: Expiry, prefix?: string): PaymentMethod {
  const method = base(actor, prefix);
  actor.account.of.card_notes.put({ id: method.id, number: card.number });
  return {
    ...method,
    card: {
      brand: card.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "unchecked" },
      country: card.country,
      display_brand: card.brand,
      exp_month: expires.month,
      exp_year: expires.year,
      fingerprint: fingerprint(card.number),
      funding: card.funding,
      generated_from: null,
      last4: card.number.slice(-4),
      networks: { available: [card.brand], preferred: null },
      regulated_status: "unregulated",
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    type: "card",
  };
}

function bankMethod(actor: Actor, iban: string): PaymentMethod {
  const method = base(actor);
  actor.account.of.card_notes.put({ id: method.id, number: iban });
  return {
    ...method,
    sepa_debit: {
      bank_code: iban.slice(4, 9),
      branch_code: "",
      country: iban.slice(0, 2),
      fingerprint: fingerprint(iban),
      generated_from: { charge: null, setup_attempt: null },
      last4: iban.slice(-4),
    },
    type: "sepa_debit",
  };
}

function store(actor: Actor, method: PaymentMethod, data: MethodData): PaymentMethod {
  const given = data.billing_details;
  if (given) {
    const { address, ...rest } = given;
    method.billing_details = {
      ...method.billing_details,
      ...defined(rest),
      address: { ...emptyAddress(), ...defined(address ?? {}) },
    };
  }
  method.metadata = mergeMetadata({}, data.metadata);
  if (data.allow_redisplay === "always" || data.allow_redisplay === "limited")
    method.allow_redisplay = data.allow_redisplay;
  return actor.account.of.payment_methods.put(method);
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
/** The fields that were given. */
export function defined<T extends object>(object: T): Partial<Defined<T>> {
  const kept: Partial<Defined<T>> = {};
  Object.assign(kept, Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)));
  return kept;
}

/**
 * The payment method that a parameter names: an id, or a `pm_card_…` name, which makes a new one each time as Stripe's
 * test mode does. `param` is where an error points.
 */
export function methodNamed(actor: Actor, id: string, param: string, status: 400 | 404 = 400): PaymentMethod {
  const known = actor.account.of.payment_methods.get(id);
  if (known) return known;
  const card = id.startsWith("pm_card_") || id.startsWith("tok_") ? cardByName(id) : undefined;
  if (!card) throw noSuch("PaymentMethod", id, param, status);
  return actor.account.of.payment_methods.put(cardMethod(actor, card, nextYear(actor)));
}

/** Saves the method to a customer. */
export function keep(actor: Actor, method: PaymentMethod, customer: string): void {
  method.customer = customer;
  actor.account.of.payment_methods.put(method);
}

/** The test card behind a payment method; undefined for bank accounts. */
export function cardOf(actor: Actor, method: string): Card | undefined {
  const note = actor.account.of.card_notes.get(method);
  return note && cardByNumber(note.number);
}
