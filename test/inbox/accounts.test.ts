import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signBody } from "../../src/payments/stripe/signature.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

const OURS = "acct_ours1";

let service: TestService;
let db: pg.Client;
beforeAll(async () => {
  service = await startTestService({ STRIPE_ACCOUNT: OURS });
  db = new pg.Client(service.databaseUrl);
  await db.connect();
});
afterAll(async () => {
  await db?.end();
  await service?.end();
});

let events = 0;

/** An event that would pay the order, as Stripe would send it. */
const paidEvent = (orderId: string, more: Record<string, unknown>) => ({
  id: `evt_account_${++events}`,
  object: "event",
  type: "payment_intent.succeeded",
  livemode: false,
  data: {
    object: {
      id: "pi_of_somebody",
      object: "payment_intent",
      amount: 1250,
      amount_capturable: 0,
      amount_received: 1250,
      currency: "usd",
      status: "succeeded",
      metadata: { order_id: orderId },
    },
  },
  ...more,
});

async function send(event: { id: string }) {
  const body = Buffer.from(JSON.stringify(event));
  const response = await fetch(`${service.url}/webhooks/stripe`, {
    method: "POST",
    headers: { "stripe-signature": signBody(body, "whsec_dev", new Date()) },
    body: Uint8Array.from(body),
  });
  const { rows } = await db.query<{ state: string; reason: string | null; order_id: string | null }>(
    "select state, reason, order_id from countersign.inbound_webhooks where event_id = $1",
    [event.id],
  );
  return { status: response.status, stored: rows[0] };
}

describe("events that are not for us are kept and reach no order", () => {
  test("those of another account of a Connect platform are ignored, whatever their mode", async () => {
    const order = await service.create();
    for (const livemode of [false, true]) {
      const { status, stored } = await send(paidEvent(order.id, { account: "acct_other", livemode }));
      expect(status).toBe(204);
      expect(stored).toMatchObject({ state: "ignored", order_id: null });
      expect(stored?.reason).toContain("of the account acct_other, not of ours");
    }
    expect(await service.order(order.id)).toEqual(order);
  });

  test("those of the other mode are quarantined", async () => {
    const order = await service.create();
    const { status, stored } = await send(paidEvent(order.id, { livemode: true }));
    expect(status).toBe(204);
    expect(stored).toMatchObject({ state: "quarantined", order_id: null });
    expect(stored?.reason).toContain("an event in live mode, but the API key is for test mode");
    expect(await service.order(order.id)).toEqual(order);
  });
});

test("events that name our own account reach their order", async () => {
  const order = await service.create();
  const { stored } = await send(paidEvent(order.id, { account: OURS }));
  expect(stored).toMatchObject({ state: "routed", order_id: order.id });
  await service.reached(order.id, "completed");
});

test("a provider that is not configured has no path", async () => {
  const answer = await service.call("POST", "/webhooks/adyen", {});
  expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
  expect(answer.body["detail"]).toContain("/webhooks/stripe");
});
