import { EMPTY, type Draft } from "./draft.ts";

/** Orders that show a way through, each in a click. The amounts are of the policy that comes with the service. */
export const PRESETS: { title: string; what: string; draft: Partial<Draft> }[] = [
  { title: "Small", what: "12.50 USD, paid and captured at once", draft: { amount: "12.50" } },
  {
    title: "One approval",
    what: "1,250.00 USD: somebody of finance is asked",
    draft: { amount: "1250.00", description: "4 laptops", requested_by: "sam@example.com" },
  },
  {
    title: "Two gates",
    what: "15,000.00 USD: finance, then the CFO",
    draft: { amount: "15000.00", description: "A year of hosting", requested_by: "sam@example.com" },
  },
  {
    title: "By server, declined",
    what: "a card that is declined, without a checkout page",
    draft: { amount: "20.00", mode: "confirm", method: "pm_card_chargeDeclined" },
  },
];

/** A preset with a reference that nobody has used. */
export const draftOf = (draft: Partial<Draft>): Draft => ({
  ...EMPTY,
  reference: `PO-${Date.now().toString(36).slice(-5).toUpperCase()}`,
  ...draft,
});
