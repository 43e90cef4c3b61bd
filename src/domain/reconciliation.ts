import { type OrderMessage, type OrderState, refundedAmount } from "./order.ts";
import { isHeld } from "./order-hold.ts";
import { type PaymentStatement, holdsAuthorization } from "./payment.ts";

/** Where an order and the provider do not agree. Amounts in minor units; `null`: there is none. */
export interface Difference {
  /** `held`: authorized and neither captured nor given back. */
  field: "payment" | "amount" | "held" | "captured" | "refunded" | "disputed";
  ours: number | string | null;
  provider: number | string | null;
}

/** How what was found by looking is told in an order's trail. */
export const RECONCILIATION = "reconciliation";

/** Compares an order's money with the provider's statement. What somebody accepted as it is does not differ. */
export function differencesOf(state: OrderState, statement: PaymentStatement): Difference[] {
  const { payment, refunds, disputes } = statement;
  const { facts } = state;
  const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0);
  const theirs: Record<"held" | "captured" | "refunded" | "disputed", [ours: number, provider: number]> = {
    held: [
      holdsAuthorization(state.payment) ? state.payment.amount_authorized : 0,
      payment.status === "requires_capture" ? payment.amount_capturable : 0,
    ],
    captured: [state.payment.amount_captured, payment.amount_captured],
    refunded: [
      refundedAmount(state),
      sum(refunds.filter((r) => r.status !== "failed" && r.status !== "canceled").map((r) => r.amount)),
    ],
    disputed: [
      sum(state.disputes.map((d) => d.withdrawn - d.reinstated)),
      sum(disputes.map((d) => d.withdrawn - d.reinstated)),
    ],
  };
  const found = (["held", "captured", "refunded", "disputed"] as const).flatMap((field): Difference[] => {
    const [ours, provider] = theirs[field];
    return ours === provider ? [] : [{ field, ours, provider }];
  });
  const fits = payment.amount === facts.amount && payment.currency === facts.currency;
  return fits || (state.hold !== null && !isHeld(state))
    ? found
    : [
        {
          field: "amount",
          ours: `${facts.amount} ${facts.currency}`,
          provider: `${payment.amount} ${payment.currency}`,
        },
        ...found,
      ];
}

/** The statement as messages to the order: merged like webhooks, whatever it knows already. */
export const messagesOf = ({ payment, refunds, disputes }: PaymentStatement): OrderMessage[] => [
  { type: "payment.seen", payment, source: RECONCILIATION },
  ...refunds.map((refund): OrderMessage => ({ type: "refund.seen", refund, source: RECONCILIATION })),
  ...disputes.map((dispute): OrderMessage => ({ type: "dispute.seen", dispute, source: RECONCILIATION })),
];
