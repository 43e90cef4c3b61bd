/** Cards of the bundled provider that show the ways a payment can go; https://docs.stripe.com/testing */
export const TEST_CARDS = [
  { number: "4242 4242 4242 4242", method: "pm_card_visa", does: "is paid" },
  { number: "4000 0000 0000 0002", method: "pm_card_chargeDeclined", does: "is declined" },
  {
    number: "4000 0000 0000 9995",
    method: "pm_card_chargeDeclinedInsufficientFunds",
    does: "is declined: insufficient funds",
  },
  {
    number: "4000 0027 6000 3184",
    method: "pm_card_authenticationRequired",
    does: "asks its owner to confirm (3-D Secure)",
  },
  {
    number: "4000 0000 0000 0259",
    method: "pm_card_createDispute",
    does: "is paid, and disputed afterwards",
  },
] as const;
