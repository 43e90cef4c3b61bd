import type { OrderView } from "../../../src/domain/order-view.ts";
import { startStandardProvider, type StandardProvider } from "../../../scripts/standard-provider/server.ts";
import { startTestService, type TestService } from "../../helpers/service.ts";

export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const API_KEY = "key_test";

/** A service that is paid through the fake of the other provider, and what its customers and their banks do. */
export interface Desk extends TestService {
  provider: StandardProvider;
  /** Pays on the payment's page as a customer does. */
  visit(order: OrderView, method?: string): Promise<Response>;
  /** What a bank does to a payment: `chargeback`, `won`, `lost`, `lapse`. */
  bank(order: OrderView, deed: string): Promise<void>;
  /** The provider's books of an order: each operation that it was ever asked for. */
  books(order: OrderView): { state: string; captured: number; operations: string[] } | undefined;
}

export async function openDesk(env: Record<string, string> = {}): Promise<Desk> {
  const provider = await startStandardProvider({ port: 0, apiKey: API_KEY });
  const service = await startTestService({
    PAYMENT_PROVIDER: "standard",
    STANDARD_API_BASE: provider.url,
    STANDARD_API_KEY: API_KEY,
    STANDARD_WEBHOOK_SECRETS: SECRET,
    ...env,
  });
  provider.deliverTo({ url: `${service.url}/webhooks/standard`, secret: SECRET });
  const paymentOf = (order: OrderView) => provider.payments().find((each) => each.order === order.id);
  return {
    ...service,
    provider,
    visit: (order, method = "card_ok") =>
      fetch(order.payment.checkout_url ?? "", {
        method: "POST",
        body: new URLSearchParams({ method }),
        redirect: "manual",
      }),
    async bank(order, deed) {
      await fetch(`${provider.url}/bank/${paymentOf(order)?.id}/${deed}`, { method: "POST" });
    },
    books(order) {
      const payment = paymentOf(order);
      return payment
        ? {
            state: payment.state,
            captured: payment.captured,
            operations: payment.operations.map(({ kind, state }) => `${kind} ${state}`),
          }
        : undefined;
    },
    async end() {
      await service.end();
      await provider.stop();
    },
  };
}
