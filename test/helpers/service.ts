import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadConfig } from "../../src/config.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { createLog, type Log } from "../../src/log.ts";
import { startService, type Service } from "../../src/service.ts";
import { builtEntry } from "./built.ts";
import { expectCatalogued } from "./catalogued.ts";
import { createDatabase } from "./database.ts";

/** A running service on a database of its own, with real mail and a real provider process, and ways to use it from outside. */
export interface TestService extends Service, TestClient {
  /** Ends everything and drops the database. */
  end(): Promise<void>;
}

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
}

export interface Mail {
  id: string;
  to: string;
  subject: string;
  text: string;
  html: string;
  links: string[];
  message_id: string;
}

/** The whole suite can be run with the other way of publishing: `ENGINE_PUBLISH=plain npm test`. */
export const CHOSEN: Record<string, string> = process.env["ENGINE_PUBLISH"]
  ? { ENGINE_PUBLISH: process.env["ENGINE_PUBLISH"] }
  : {};

let keys = 0;

/** Starts the service as `main.ts` does, on ports and a database of its own. `env` adds to its configuration. */
export async function startTestService(env: Record<string, string> = {}, log?: Log): Promise<TestService> {
  const database = await createDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), "countersign-service-"));
  const config = loadConfig(
    {
      PORT: "0",
      PROVIDER_PORT: "0",
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      LOG_LEVEL: "silent",
      ...CHOSEN,
      ...env,
    },
    dataDir,
  );
  const service = await startService({
    config,
    log: log ?? createLog(config.logLevel),
    provider: builtEntry("mock-provider"),
  });
  return {
    ...service,
    ...clientOf(service.url, service.providerUrl ?? ""),
    async end() {
      await service.stop();
      // Every story told by a test is read once more, as the catalogue's judge.
      await expectCatalogued(database.url).finally(async () => {
        await database.drop();
        await rm(dataDir, { recursive: true, force: true });
      });
    },
  };
}

export type TestClient = ReturnType<typeof clientOf>;

/** What a merchant's backend, a customer and an approver do, over HTTP. */
export function clientOf(url: string, providerUrl: string) {
  async function call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: "Bearer ck_dev",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(method === "POST" ? { "idempotency-key": `test-${++keys}-${process.pid}` } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get("content-type")?.includes("json")
      ? (JSON.parse(text) as T)
      : (text as T);
    return { status: response.status, headers: response.headers, body: json };
  }

  const order = async (id: string): Promise<OrderView> =>
    (await call<OrderView>("GET", `/v1/orders/${id}`)).body;

  /** Polls until `found` says so, or fails with what there was at last. */
  async function until<T>(look: () => Promise<T>, found: (value: T) => boolean, within = 10_000): Promise<T> {
    const deadline = Date.now() + within;
    for (;;) {
      const value = await look();
      if (found(value)) return value;
      if (Date.now() > deadline)
        throw new Error(`not reached in ${within} ms; at last: ${JSON.stringify(value)}`);
      await sleep(20);
    }
  }

  return {
    call,
    order,
    until,
    /** Creates an order; by default 12.50 USD by checkout, which nobody is asked about. */
    async create(order: Record<string, unknown> = {}): Promise<OrderView> {
      const answer = await call<OrderView>("POST", "/v1/orders", {
        reference: "PO-1001",
        amount: 1250,
        currency: "usd",
        ...order,
      });
      if (answer.status !== 201) throw new Error(`create: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    /** Pays a checkout as its customer would on the hosted page. */
    async pay(order: OrderView, payment_method = "pm_card_visa"): Promise<void> {
      const response = await fetch(`${providerUrl}/_mock/checkout/${order.payment.session_id}/pay`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ payment_method }),
      });
      if (!response.ok) throw new Error(`pay: ${response.status} ${await response.text()}`);
    },
    reached: (id: string, ...statuses: string[]) =>
      until(
        () => order(id),
        (view) => statuses.includes(view.status),
      ),
    /** The newest mail to an address that matches; waits for it. */
    mail: (to: string, matches: (mail: Mail) => boolean = () => true): Promise<Mail> =>
      until(
        async () => {
          const mails = (await (
            await fetch(`${url}/dev/mailbox.json?to=${encodeURIComponent(to)}`)
          ).json()) as Mail[];
          return mails.find(matches) as Mail;
        },
        (mail) => mail !== undefined,
      ),
    /** Clicks on a mailed link's page. */
    decide: (link: string, decision: string, comment = "") =>
      fetch(link, { method: "POST", body: new URLSearchParams({ decision, comment }) }),
    async trail(
      id: string,
    ): Promise<
      { seq: number; type: string; actor: { type: string; id: string }; data: Record<string, unknown> }[]
    > {
      const { body } = await call<{ data: never[] }>("GET", `/v1/orders/${id}/audit?limit=100&readable=true`);
      return body.data;
    },
    /** The provider's truth about one payment. */
    async ledger(paymentId: string | null): Promise<Record<string, unknown> | undefined> {
      const response = await fetch(`${providerUrl}/_mock/ledger?limit=100`, {
        headers: { authorization: "Bearer sk_test_mock" },
      });
      const { data } = (await response.json()) as { data: Record<string, unknown>[] };
      return data.find((row) => row["payment_intent"] === paymentId);
    },
  };
}
