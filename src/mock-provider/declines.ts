/** Why an issuer says no, https://docs.stripe.com/declines/codes. */
export interface Decline {
  code: string;
  decline_code?: string;
  message: string;
  advice?: "try_again_later" | "do_not_try_again" | "confirm_card_data";
  /** Stripe's own rules refused it; the issuer was never asked. */
  blocked?: boolean;
}

export const DECLINES = {
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
    blocked: true,
  },
  authentication: {
    code: "authentication_required",
    decline_code: "authentication_required",
    message: "Your card was declined. This transaction requires authentication.",
  },
} as const satisfies Record<string, Decline>;

/** What the card networks' own code is for every test decline. */
export const NETWORK_CODE = "01";

/** Off-session payments with a card that asks for its owner, https://docs.stripe.com/declines/codes. */
export const AUTHENTICATION_REQUIRED: Decline = DECLINES.authentication;
