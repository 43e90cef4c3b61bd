import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import Stripe from "stripe";
import { startMockProvider, type MockProvider } from "../../src/mock-provider/server.ts";

export const SECRET = "whsec_test_of_the_mock";

export interface Delivered {
  event: Stripe.Event;
  signature: string;
  body: Buffer;
  at: number;
}

/** A merchant's webhook endpoint on a real socket; `answer` decides each status, `valid` records what verifies. */
export interface Sink {
  url: string;
  all: Delivered[];
  invalid: string[];
  answer: (event: Stripe.Event) => number;
  types: (about?: string) => string[];
  until: (done: () => boolean, ms?: number) => Promise<void>;
  stop: () => Promise<void>;
}

export async function openSink(port = 0, secret = SECRET): Promise<Sink> {
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      const signature = String(request.headers["stripe-signature"]);
      try {
        const event = Stripe.webhooks.constructEvent(body, signature, secret);
        const status = sink.answer(event);
        sink.all.push({ event, signature, body, at: Date.now() });
        response.writeHead(status, status >= 300 && status < 400 ? { location: "/elsewhere" } : {}).end();
      } catch {
        sink.invalid.push(signature);
        response.writeHead(400).end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  const sink: Sink = {
    url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : port}/hook`,
    all: [],
    invalid: [],
    answer: () => 204,
    types: (about) =>
      sink.all
        .filter(({ event }) => about === undefined || idOf(event) === about)
        .map(({ event }) => event.type),
    until: (done, ms = 5_000) => eventually(done, ms),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return sink;
}

export const idOf = (event: Stripe.Event) => ("id" in event.data.object ? event.data.object.id : "");

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export async function eventually(done: () => boolean | Promise<boolean>, ms = 5_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await done())) {
    if (Date.now() > end) throw new Error("it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface Bench {
  provider: MockProvider;
  stripe: Stripe;
  sink: Sink;
  dataDir: string;
  mock: (path: string, body?: unknown) => Promise<Record<string, never>>;
  stop: () => Promise<void>;
}

export const client = (port: number, key = "sk_test_mock", retries = 0) =>
  new Stripe(key, {
    host: "127.0.0.1",
    port,
    protocol: "http",
    maxNetworkRetries: retries,
    telemetry: false,
  });

/** A provider with one listening endpoint and the official SDK pointed at it. */
export async function openBench(): Promise<Bench> {
  const dataDir = mkdtempSync(join(tmpdir(), "countersign-mock-"));
  const sink = await openSink();
  const provider = await startMockProvider({
    port: 0,
    host: "127.0.0.1",
    dataDir,
    webhook: { url: sink.url, secret: SECRET },
    log: pino({ level: "silent" }),
  });
  return {
    provider,
    sink,
    dataDir,
    stripe: client(provider.port),
    mock: (path, body) => callMock(provider.url, path, body),
    stop: async () => {
      await provider.stop();
      await sink.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export async function callMock(url: string, path: string, body?: unknown): Promise<Record<string, never>> {
  const answer = await fetch(
    `${url}/_mock${path}`,
    body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
  );
  return (await answer.json()) as Record<string, never>;
}

export interface LedgerLine {
  payment_intent: string;
  currency: string;
  status: string;
  authorized: number;
  captured: number;
  captures: number;
  voided: number;
  refunded: number;
  refunds: number;
  disputed: number;
  metadata: Record<string, string>;
}

export async function ledgerLine(bench: Bench, payment: string): Promise<LedgerLine> {
  const page = (await bench.mock("/ledger?limit=1000")) as unknown as { data: LedgerLine[] };
  const line = page.data.find((each) => each.payment_intent === payment);
  if (!line) throw new Error(`no ledger line for ${payment}`);
  return line;
}

/** The error that a call ends with; fails the test when it does not. */
export async function refusal(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error("the call was expected to be refused");
}

/** A card payment that is confirmed at once. */
export const pay = (stripe: Stripe, more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.paymentIntents.create({
    amount: 2_000,
    currency: "usd",
    confirm: true,
    payment_method: "pm_card_visa",
    allowed_payment_method_types: ["card"],
    ...more,
  });

/** The id behind a field that may be expanded. */
export const refOf = (field: string | { id: string } | null) =>
  typeof field === "string" ? field : (field?.id ?? "");
