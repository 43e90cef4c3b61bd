/** Why an issuer says no, https://docs.stripe.com/declines/codes. */
export interface Decline {
  code: string;
  decline_code?: string;
  message: string;
  advice?: "try_again_later" | "do_not_try_again" | "confirm_card_data";
}

const DECLINES = {
  generic: {
    code: "card_declined",
    decline_code: "generic_decline",
    message: "Your card was declined.",
    advice: "try_again_later",
  },
  funds: {
    code: "card_declined",
    decline_code: "insufficient_funds",
    message: "Your card has insufficient funds.",
    advice: "try_again_later",
  },
  lost: {
    code: "card_declined",
    decline_code: "lost_card",
    message: "Your card was declined.",
    advice: "do_not_try_again",
  },
  stolen: {
    code: "card_declined",
    decline_code: "stolen_card",
    message: "Your card was declined.",
    advice: "do_not_try_again",
  },
  expired: {
    code: "expired_card",
    decline_code: "expired_card",
    message: "Your card has expired.",
    advice: "confirm_card_data",
  },
  cvc: {
    code: "incorrect_cvc",
    decline_code: "incorrect_cvc",
    message: "Your card's security code is incorrect.",
    advice: "confirm_card_data",
  },
  processing: {
    code: "processing_error",
    decline_code: "processing_error",
    message: "An error occurred while processing your card. Try again in a little bit.",
    advice: "try_again_later",
  },
  velocity: {
    code: "card_declined",
    decline_code: "card_velocity_exceeded",
    message:
      "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    advice: "try_again_later",
  },
  fraud: {
    code: "card_declined",
    decline_code: "fraudulent",
    message: "Your card was declined.",
    advice: "do_not_try_again",
  },
  authentication: {
    code: "authentication_required",
    decline_code: "authentication_required",
    message: "Your card was declined. This transaction requires authentication.",
  },
} as const satisfies Record<string, Decline>;

/** What a test card does, https://docs.stripe.com/testing. */
export interface Card {
  number: string;
  brand: string;
  country: string;
  funding: "credit" | "debit" | "prepaid";
  /** The names of `pm_card_…` and `tok_…`, without the prefix. */
  names: readonly string[];
  decline?: Decline;
  /** Passes when attached to a customer or set up, declines when charged. */
  authenticate?: "always" | "optional";
  /** Fails when the challenge page is loaded, whatever the person does. */
  challengeFails?: boolean;
  dispute?: "fraudulent" | "product_not_received" | "inquiry";
  refund?: "pending" | "fails";
  availableAtOnce?: boolean;
}

const card = (number: string, brand: string, names: string, more: Partial<Card> = {}): Card => ({
  number,
  brand,
  country: "US",
  funding: "credit",
  names: names.split(" "),
  ...more,
});

export const CARDS: readonly Card[] = [
  card("4242424242424242", "visa", "visa us"),
  card("4000056655665556", "visa", "visa_debit", { funding: "debit" }),
  card("5555555555554444", "mastercard", "mastercard"),
  card("5200828282828210", "mastercard", "mastercard_debit", { funding: "debit" }),
  card("5105105105105100", "mastercard", "mastercard_prepaid", { funding: "prepaid" }),
  card("378282246310005", "amex", "amex"),
  card("6011111111111117", "discover", "discover"),
  card("3056930009020004", "diners", "diners"),
  card("3566002020360505", "jcb", "jcb"),
  card("6200000000000005", "unionpay", "unionpay"),
  card("4000002760000016", "visa", "de", { country: "DE" }),
  card("4000008260000000", "visa", "gb", { country: "GB" }),
  card("4000002500000003", "visa", "fr", { country: "FR" }),
  card("4000003920000003", "visa", "jp", { country: "JP" }),
  card("4000001240000000", "visa", "ca", { country: "CA" }),
  card("4000000000000002", "visa", "chargeDeclined visa_chargeDeclined", { decline: DECLINES.generic }),
  card("4000000000009995", "visa", "chargeDeclinedInsufficientFunds visa_chargeDeclinedInsufficientFunds", {
    decline: DECLINES.funds,
  }),
  card("4000000000009987", "visa", "chargeDeclinedLostCard visa_chargeDeclinedLostCard", {
    decline: DECLINES.lost,
  }),
  card("4000000000009979", "visa", "chargeDeclinedStolenCard visa_chargeDeclinedStolenCard", {
    decline: DECLINES.stolen,
  }),
  card("4000000000000069", "visa", "chargeDeclinedExpiredCard visa_chargeDeclinedExpiredCard", {
    decline: DECLINES.expired,
  }),
  card("4000000000000127", "visa", "chargeDeclinedIncorrectCvc visa_chargeDeclinedIncorrectCvc", {
    decline: DECLINES.cvc,
  }),
  card("4000000000000119", "visa", "chargeDeclinedProcessingError visa_chargeDeclinedProcessingError", {
    decline: DECLINES.processing,
  }),
  card(
    "4000000000006975",
    "visa",
    "chargeDeclinedVelocityLimitExceeded visa_chargeDeclinedVelocityLimitExceeded",
    { decline: DECLINES.velocity },
  ),
  card("4000000000000341", "visa", "chargeCustomerFail visa_chargeCustomerFail", {
    decline: DECLINES.generic,
  }),
  card("4100000000000019", "visa", "radarBlock chargeDeclinedFraudulent visa_chargeDeclinedFraudulent", {
    decline: DECLINES.fraud,
  }),
  card("4000002760003184", "visa", "authenticationRequired", { country: "DE", authenticate: "always" }),
  card("4000002500003155", "visa", "authenticationRequiredOnSetup", {
    country: "FR",
    authenticate: "always",
  }),
  card("4000008260003178", "visa", "authenticationRequiredChargeDeclinedInsufficientFunds", {
    country: "GB",
    authenticate: "always",
    decline: DECLINES.funds,
  }),
  card("4000000000003220", "visa", "threeDSecure2Required threeDSecureRequired", { authenticate: "always" }),
  card("4000008400001629", "visa", "threeDSecureRequiredChargeDeclined", {
    authenticate: "always",
    decline: DECLINES.generic,
  }),
  card("4000008400001280", "visa", "threeDSecureRequiredProcessingError", {
    authenticate: "always",
    challengeFails: true,
  }),
  card("4000000000003055", "visa", "threeDSecureOptional", { authenticate: "optional" }),
  card("4000000000000259", "visa", "createDispute", { dispute: "fraudulent" }),
  card("4000000000002685", "visa", "createDisputeProductNotReceived", { dispute: "product_not_received" }),
  card("4000000000001976", "visa", "createDisputeInquiry", { dispute: "inquiry" }),
  card("4000000000007726", "visa", "pendingRefund", { refund: "pending" }),
  card("4000000000005126", "visa", "refundFail", { refund: "fails" }),
  card("4000000000000077", "visa", "bypassPending", { availableAtOnce: true }),
  card("4000003720000278", "visa", "bypassPendingInternational", { availableAtOnce: true, country: "IE" }),
];

const byName = new Map(CARDS.flatMap((each) => each.names.map((name) => [name, each] as const)));
const byNumber = new Map(CARDS.map((each) => [each.number, each]));

/** Off-session payments with a card that asks for its owner, https://docs.stripe.com/declines/codes. */
export const AUTHENTICATION_REQUIRED: Decline = DECLINES.authentication;

/** The card of `pm_card_…` or `tok_…`; undefined when there is none of that name. */
export const cardByName = (name: string) => byName.get(name.replace(/^(pm_card_|tok_)/, ""));
/** The test card with this number; undefined for any other. */
export const cardByNumber = (number: string) => byNumber.get(number);

/** The check digit of card numbers. */
export function passesLuhn(number: string): boolean {
  let sum = 0;
  for (let index = 0; index < number.length; index += 1) {
    const digit = Number(number[number.length - 1 - index]);
    const twice = digit * 2;
    sum += index % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}
