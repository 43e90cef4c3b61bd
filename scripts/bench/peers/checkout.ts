import Stripe from "stripe";

/** What a contender's server needs of the provider: the same session as everybody opens, under a key of the order's. */
export function createCheckout(providerUrl: string, key: string) {
  const { hostname, port } = new URL(providerUrl);
  const stripe = new Stripe(key, {
    ...{ host: hostname, port, protocol: "http" },
    ...{ maxNetworkRetries: 0, telemetry: false },
  });
  return async (id: string, order: { reference: string; amount: number; currency: string }) => {
    const { id: session } = await stripe.checkout.sessions.create(
      {
        mode: "payment",
        client_reference_id: id,
        line_items: [
          {
            quantity: 1,
            price_data: {
              currency: order.currency,
              unit_amount: order.amount,
              product_data: { name: order.reference },
            },
          },
        ],
        metadata: { order_id: id },
        payment_intent_data: { capture_method: "automatic", metadata: { order_id: id } },
        success_url: "https://shop.example.com/paid",
      },
      { idempotencyKey: `${id}:open` },
    );
    return session;
  };
}
