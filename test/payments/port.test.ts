import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startStandardProvider } from "../../scripts/standard-provider/server.ts";
import type { OrderFacts } from "../../src/domain/order.ts";
import { createLog } from "../../src/log.ts";
import { startMockProvider } from "../../src/mock-provider/server.ts";
import { ProviderError, type OpenPayment, type PaymentProvider } from "../../src/payments/provider.ts";
import { createStandardProvider } from "../../src/payments/standard/adapter.ts";
import { createStripeProvider } from "../../src/payments/stripe/adapter.ts";

// What the port promises, of each adapter alike.

interface Stand {
  adapter: PaymentProvider;
  /** The same adapter, with a provider that is not there, and with a key that it does not know. */
  unreachable: PaymentProvider;
  stranger: PaymentProvider;
  methods: { ok: string; declined: string };
  pay(checkoutUrl: string, sessionId: string, method: string): Promise<unknown>;
  stop(): Promise<void>;
}

const NOWHERE = "http://127.0.0.1:9";

async function stripeStand(): Promise<Stand> {
  const dataDir = await mkdtemp(join(tmpdir(), "countersign-port-"));
  const mock = await startMockProvider({ port: 0, host: "127.0.0.1", dataDir, log: createLog("silent") });
  const adapter = (apiKey: string, apiBase: string) => createStripeProvider({ apiKey, apiBase });
  return {
    adapter: adapter("sk_test_mock", mock.url),
    unreachable: adapter("sk_test_mock", NOWHERE),
    stranger: adapter("nonsense", mock.url),
    methods: { ok: "pm_card_visa", declined: "pm_card_visa_chargeDeclined" },
    pay: (_, sessionId, payment_method) =>
      fetch(`${mock.url}/_mock/checkout/${sessionId}/pay`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ payment_method }),
      }),
    async stop() {
      await mock.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function standardStand(): Promise<Stand> {
  const fake = await startStandardProvider({ port: 0, apiKey: "key_test" });
  const adapter = (apiKey: string, apiBase: string) => createStandardProvider({ apiKey, apiBase });
  return {
    adapter: adapter("key_test", fake.url),
    unreachable: adapter("key_test", NOWHERE),
    stranger: adapter("nonsense", fake.url),
    methods: { ok: "card_ok", declined: "card_declined" },
    pay: (checkoutUrl, _, method) =>
      fetch(checkoutUrl, { method: "POST", body: new URLSearchParams({ method }), redirect: "manual" }),
    stop: () => fake.stop(),
  };
}

let orders = 0;

function wanted(more: Partial<OrderFacts> = {}, capture: OpenPayment["capture"] = "manual"): OpenPayment {
  const id = `ord_port${++orders}`;
  const facts: OrderFacts = {
    id,
    tenant: "dev",
    reference: "PO-port",
    amount: 125_000,
    currency: "usd",
    description: null,
    customer: { email: null, name: null },
    requested_by: null,
    items: [],
    payment_mode: "confirm",
    payment_method: null,
    capture: "automatic",
    provider: "stripe",
    fulfilment: "none",
    metadata: {},
    created_at: new Date().toISOString(),
    ...more,
  };
  return { facts, capture, return_url: "http://127.0.0.1/paid" };
}

describe.each([
  ["stripe", stripeStand],
  ["standard", standardStand],
])("the adapter of %s", (_, start) => {
  let stand: Stand;
  let provider: PaymentProvider;
  beforeAll(async () => {
    stand = await start();
    provider = stand.adapter;
  });
  afterAll(() => stand?.stop());

  /** A payment whose money is held. */
  async function held(more: Partial<OrderFacts> = {}) {
    const payment = wanted({ payment_method: stand.methods.ok, ...more });
    const opened = await provider.open(payment, `${payment.facts.id}:open:1`);
    if (opened.kind !== "payment") throw new Error("a page was opened");
    return { id: opened.payment.id, order: payment.facts.id, seen: opened.payment };
  }

  const failure = (call: Promise<unknown>): Promise<ProviderError> =>
    call.then(
      () => Promise.reject(new Error("the call was expected to fail")),
      (error: unknown) => {
        if (error instanceof ProviderError) return error;
        throw error;
      },
    );

  test("opens a payment once for one key", async () => {
    const payment = wanted({ payment_method: stand.methods.ok });
    const first = await provider.open(payment, "one-key");
    expect(await provider.open(payment, "one-key")).toEqual(first);
    expect(first).toMatchObject({
      kind: "payment",
      payment: { status: "requires_capture", amount: 125_000, currency: "usd", amount_capturable: 125_000 },
    });
  });

  test("answers a declined card with a payment that may be tried again", async () => {
    const { id, seen } = await held({ payment_method: stand.methods.declined });
    expect(seen).toMatchObject({ status: "requires_payment_method", amount_capturable: 0 });
    expect(seen.failure?.code).toBeTruthy();
    const paid = await provider.confirm(id, stand.methods.ok, "http://127.0.0.1/paid", `${id}:confirm:1`);
    expect(paid).toMatchObject({ id, status: "requires_capture", failure: null });
  });

  test("takes the money at once when nobody is asked", async () => {
    const payment = wanted({ payment_method: stand.methods.ok, amount: 1250, currency: "jpy" }, "automatic");
    expect(await provider.open(payment, `${payment.facts.id}:open:1`)).toMatchObject({
      payment: { status: "succeeded", amount: 1250, currency: "jpy", amount_captured: 1250 },
    });
  });

  test("captures once for one key, and says so whoever asks again", async () => {
    const { id } = await held();
    const captured = { id, status: "succeeded", amount_captured: 125_000, amount_capturable: 0 };
    expect(await provider.capture(id, 125_000, `${id}:capture:1`)).toMatchObject(captured);
    expect(await provider.capture(id, 125_000, `${id}:capture:1`)).toMatchObject(captured);
    expect(await provider.capture(id, 125_000, `${id}:capture:2`)).toMatchObject(captured);
    expect(await provider.void(id, `${id}:void:1`)).toMatchObject(captured);
    expect(await provider.retrieve(id)).toMatchObject(captured);
  });

  test("captures a part, and the rest is released", async () => {
    const { id } = await held();
    expect(await provider.capture(id, 25_000, `${id}:capture:1`)).toMatchObject({
      status: "succeeded",
      amount: 125_000,
      amount_captured: 25_000,
      amount_capturable: 0,
    });
  });

  test("voids once, and a capture after it is answered with what the payment is", async () => {
    const { id } = await held();
    const voided = { id, status: "canceled", amount_captured: 0, amount_capturable: 0 };
    expect(await provider.void(id, `${id}:void:1`)).toMatchObject(voided);
    expect(await provider.void(id, `${id}:void:2`)).toMatchObject(voided);
    expect(await provider.capture(id, 125_000, `${id}:capture:1`)).toMatchObject(voided);
  });

  test("refunds once for one key, under our own id, and states it", async () => {
    const { id, order } = await held();
    await provider.capture(id, 125_000, `${id}:capture:1`);
    const refund = { paymentId: id, amount: 5_000, refundId: `rfd_${order}`, orderId: order };
    const first = await provider.refund(refund, `${id}:refund:1`);
    expect(first).toMatchObject({ refund_id: `rfd_${order}`, amount: 5_000 });
    expect(["pending", "succeeded"]).toContain(first.status);
    expect((await provider.refund(refund, `${id}:refund:1`)).id).toBe(first.id);
    const { payment, refunds, disputes } = await provider.statement(id);
    expect(payment.amount_captured).toBe(125_000);
    expect(refunds).toMatchObject([{ id: first.id, refund_id: `rfd_${order}`, amount: 5_000 }]);
    expect(disputes).toEqual([]);
  });

  test("refuses for good what can never be: more back than was taken", async () => {
    const { id, order } = await held();
    await provider.capture(id, 125_000, `${id}:capture:1`);
    const refund = { paymentId: id, amount: 125_001, refundId: `rfd_${order}`, orderId: order };
    expect(await failure(provider.refund(refund, `${id}:refund:1`))).toMatchObject({ retry: false });
  });

  test("opens a page that can be paid until it is closed", async () => {
    const opened = await provider.open(wanted({ payment_mode: "checkout" }), `page:${++orders}`);
    if (opened.kind !== "session") throw new Error("no page was opened");
    const { id, url } = opened.session;
    expect(opened.session).toMatchObject({ status: "open" });
    expect(await provider.retrieveSession(id)).toMatchObject({ id, status: "open" });
    expect(await provider.expireSession(id, `${id}:expire:1`)).toMatchObject({ id, status: "expired" });
    expect(await provider.expireSession(id, `${id}:expire:2`)).toMatchObject({ id, status: "expired" });
    await stand.pay(url ?? "", id, stand.methods.ok);
    expect(await provider.retrieveSession(id)).toMatchObject({ status: "expired" });
  });

  test("finds a page complete when the customer was faster", async () => {
    const opened = await provider.open(wanted({ payment_mode: "checkout" }), `page:${++orders}`);
    if (opened.kind !== "session") throw new Error("no page was opened");
    const { id, url } = opened.session;
    await stand.pay(url ?? "", id, stand.methods.ok);
    const session = await provider.expireSession(id, `${id}:expire:1`);
    expect(session).toMatchObject({ status: "complete" });
    expect(await provider.retrieve(session.payment_id ?? "")).toMatchObject({
      status: "requires_capture",
      amount_capturable: 125_000,
    });
  });

  test("knows no payment that does not exist, and says so in one word", async () => {
    for (const call of [provider.retrieve("pi_none"), provider.statement("pi_none")])
      expect(await failure(call)).toMatchObject({ code: "resource_missing", retry: false });
  });

  test("fails for a while when the provider is not there or does not know our key", async () => {
    for (const broken of [stand.unreachable, stand.stranger]) {
      expect(await failure(broken.retrieve("pi_1"))).toMatchObject({ retry: true });
      expect(await failure(broken.void("pi_1", "void:1"))).toMatchObject({ retry: true });
    }
  });
});
