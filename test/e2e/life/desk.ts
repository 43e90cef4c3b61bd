import Stripe from "stripe";
import type { OrderView, RefundView } from "../../../src/domain/order-view.ts";
import type { Answer, Mail, TestService } from "../../helpers/service.ts";

export const OPERATOR = "operator@example.com";

type Entry = Awaited<ReturnType<TestService["trail"]>>[number];

/** What a merchant's people do about one order, at our API and at their provider's. */
export function openDesk(service: TestService) {
  const provider = new URL(service.providerUrl ?? "");
  const stripe = new Stripe("sk_test_mock", {
    host: provider.hostname,
    port: provider.port,
    protocol: "http",
    telemetry: false,
  });

  /** The newest entry of a type whose data has `data`; waits for it. */
  const told = (id: string, type: string, data: Record<string, unknown> = {}): Promise<Entry> =>
    service.until(
      async () =>
        (await service.trail(id)).findLast(
          (entry) =>
            entry.type === type && Object.entries(data).every(([name, value]) => entry.data[name] === value),
        ) as Entry,
      (entry) => entry !== undefined,
    );

  return {
    stripe,
    told,

    /** A control of the mock provider, such as `/clock`. */
    async control(path: string, body: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
      const response = await fetch(`${provider.origin}/_mock${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const answer = (await response.json()) as Record<string, unknown>;
      if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(answer)}`);
      return answer;
    },

    send: (id: string, topic: string, message: Record<string, unknown> = {}, key = "ck_dev") =>
      service.call(
        "POST",
        `/v1/orders/${id}/messages`,
        { topic, message },
        { authorization: `Bearer ${key}` },
      ),

    refund: (id: string, amount: number | null, reason = "returned"): Promise<Answer<RefundView>> =>
      service.call("POST", `/v1/orders/${id}/refunds`, { ...(amount === null ? {} : { amount }), reason }),

    /** A message that no longer applies is in the trail, with the reason. */
    ignored: (id: string, message: string) => told(id, "message.ignored", { message }),

    /** What the operator is mailed about an order. */
    alerted: ({ reference }: OrderView, heading: string): Promise<Mail> =>
      service.mail(OPERATOR, (mail) => mail.subject === `${heading}: ${reference}`),

    /** Pays an order of mode `client` as its customer's browser does. */
    payAsClient: (order: OrderView, payment_method = "pm_card_visa") =>
      stripe.paymentIntents.confirm(order.payment.id ?? "", {
        payment_method,
        return_url: "https://example.com/back",
      }),

    /** An order of mode `confirm`, paid with a card that works unless another is named. */
    paid: (order: Record<string, unknown> = {}, payment: Record<string, unknown> = {}): Promise<OrderView> =>
      service.create({
        ...order,
        payment: { mode: "confirm", payment_method: "pm_card_visa", ...payment },
      }),
  };
}

export type Desk = ReturnType<typeof openDesk>;
