import type { OrderMessage, OrderState } from "../domain/order.ts";
import type { PaymentStatement } from "../domain/payment.ts";
import { RECONCILIATION } from "../domain/reconciliation.ts";
import type { PaymentProvider } from "../payments/provider.ts";

/** What the provider says of an order now: of its payment, and before there is one of its checkout page. */
export interface Looked {
  statement: PaymentStatement | null;
  /** What the page says, which may name the payment. */
  page: OrderMessage[];
}

/** Asks the provider about an order. One whose opening is still under way has nothing to ask for. */
export async function look(provider: PaymentProvider, { payment }: OrderState): Promise<Looked> {
  if (payment.id !== null) return { statement: await provider.statement(payment.id), page: [] };
  if (payment.session_id === null) return { statement: null, page: [] };
  const session = await provider.retrieveSession(payment.session_id);
  return {
    statement: session.payment_id === null ? null : await provider.statement(session.payment_id),
    page: [{ type: "session.seen", session, source: RECONCILIATION }],
  };
}
