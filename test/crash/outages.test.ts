import { readFile, mkdtemp, rm } from "node:fs/promises";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { simpleParser } from "mailparser";
import { SMTPServer } from "smtp-server";
import { afterEach, describe, expect, test } from "vitest";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { startMockProvider } from "../../src/mock-provider/server.ts";
import { signBody } from "../../src/payments/stripe/signature.ts";
import { createDatabase } from "../helpers/database.ts";
import { freePort, startProcess, type ServiceProcess } from "../helpers/process.ts";
import { clientOf } from "../helpers/service.ts";

/** What a test opened, closed in reverse order. */
const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
}, 60_000);

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "countersign-outage-"));
  opened.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function start(env: Record<string, string>): Promise<ServiceProcess> {
  const running = await startProcess({ LOG_LEVEL: "error", ...env });
  if (!running) throw new Error("the service was killed while it started");
  opened.push(() => running.end("SIGKILL"));
  return running;
}

/** Everything bundled, as `npm start` has it. */
async function startBundled(more: Record<string, string> = {}) {
  const [dataDir, port, providerPort] = await Promise.all([folder(), freePort(), freePort()]);
  const env = { DATA_DIR: dataDir, PORT: String(port), PROVIDER_PORT: String(providerPort), ...more };
  const client = clientOf(`http://127.0.0.1:${port}`, `http://127.0.0.1:${providerPort}`);
  return {
    ...client,
    url: `http://127.0.0.1:${port}`,
    dataDir,
    process: await start(env),
    again: () => start(env),
  };
}

type Client = ReturnType<typeof clientOf>;

/** Creates an order as a client does that repeats what was not answered. */
async function insistOn(client: Client, reference: string, more: Record<string, unknown> = {}) {
  const body = { reference, amount: 1250, currency: "usd", ...more };
  const answer = await client.until(
    () =>
      client.call<OrderView>("POST", "/v1/orders", body, { "idempotency-key": reference }).catch(() => null),
    (found) => found?.status === 201,
    45_000,
  );
  if (!answer) throw new Error("no answer");
  return answer.body;
}

const reached = (client: Client, id: string, status: string) =>
  client.until(
    () => client.order(id).catch(() => null),
    (order) => order?.status === status,
    45_000,
  );

const CARD = { mode: "confirm", payment_method: "pm_card_visa" };

describe("parts that are killed", () => {
  test(
    "PostgreSQL and the provider are started again, and every order ends",
    { timeout: 150_000 },
    async () => {
      const service = await startBundled();
      const order = await service.create({ reference: "PO-open" });
      const asked = await service.create({ reference: "PO-asked", amount: 125_000 });
      await service.pay(asked);
      const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-asked"));

      const pid = Number(
        (await readFile(join(service.dataDir, "postgres", "postmaster.pid"), "utf8")).split("\n")[0],
      );
      const during = Array.from({ length: 5 }, (_, i) =>
        insistOn(service, `PO-during-${i}`, { payment: CARD }),
      );
      process.kill(pid, "SIGKILL");
      for (const made of await Promise.all(during)) await reached(service, made.id, "completed");
      await service.pay(order);
      await reached(service, order.id, "completed");

      const children = (
        await readFile(`/proc/${service.process.pid}/task/${service.process.pid}/children`, "utf8")
      ).split(" ");
      const commands = await Promise.all(
        children
          .filter(Boolean)
          .map(async (child) => ({ child, line: await readFile(`/proc/${child}/cmdline`, "utf8") })),
      );
      const provider = commands.find(({ line }) => line.includes("mock-provider"));
      process.kill(Number(provider?.child), "SIGKILL");
      const meanwhile = insistOn(service, "PO-meanwhile", { payment: CARD });
      expect((await service.decide(mail.links[0] ?? "", "approve")).status).toBe(200);
      await reached(service, (await meanwhile).id, "completed");
      const done = await reached(service, asked.id, "completed");
      expect(await service.ledger(done?.payment.id ?? null)).toMatchObject({
        captured: 125_000,
        captures: 1,
      });
    },
  );

  test(
    "SIGTERM answers what is under way, ends with 0, and the next start goes on",
    { timeout: 90_000 },
    async () => {
      const service = await startBundled();
      const asked = await service.create({ reference: "PO-stopped", amount: 125_000 });
      await service.pay(asked);
      const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-stopped"));
      const headers = { authorization: "Bearer ck_dev" };
      const waiting = fetch(`${service.url}/v1/orders/${asked.id}/events/result?timeout=60`, { headers });
      const stream = fetch(`${service.url}/v1/orders/${asked.id}/audit/stream`, { headers });
      await stream;
      const creating = Array.from({ length: 5 }, (_, i) =>
        service.create({ reference: `PO-late-${i}`, payment: CARD }),
      );
      await sleep(30);
      const since = Date.now();
      const end = service.process.end("SIGTERM");
      const created = await Promise.allSettled(creating);
      const wait = await waiting;
      expect(wait.status).toBe(503);
      expect(wait.headers.get("retry-after")).toBe("1");
      expect(await wait.json()).toMatchObject({ code: "shutting_down" });
      await (await stream).text();
      expect(await end).toEqual({ code: 0, signal: null });
      expect(Date.now() - since).toBeLessThan(12_000);

      await service.again();
      for (const result of created) {
        // Accepted in time and answered, or turned away before anything was begun.
        if (result.status === "fulfilled") await reached(service, result.value.id, "completed");
        else expect(String(result.reason)).toMatch(/503|fetch failed/);
      }
      expect((await service.decide(mail.links[0] ?? "", "approve")).status).toBe(200);
      await reached(service, asked.id, "completed");
    },
  );
});

describe("parts that are away", () => {
  test(
    "without its database the service says so, loses nothing, and goes on",
    { timeout: 150_000 },
    async () => {
      const dataDir = await folder();
      const startDatabase = () => startEmbeddedPostgres({ dataDir, durable: false });
      let database = await startDatabase();
      opened.push(() => database.stop());
      const service = await startBundled({
        DATABASE_URL: database.url,
        STRIPE_WEBHOOK_SECRETS: "whsec_outage",
      });
      const order = await service.create({ reference: "PO-away" });
      const wait = service.call("GET", `/v1/orders/${order.id}/events/result?timeout=60`);
      await sleep(200);
      await database.stop();

      const away = { status: 503, body: { code: "database_unavailable" } };
      const gone = await service.call("GET", `/v1/orders/${order.id}`);
      expect(gone).toMatchObject(away);
      expect(gone.headers.get("retry-after")).toBe("2");
      expect(gone.headers.get("content-type")).toMatch(/^application\/problem\+json/);
      expect(await wait).toMatchObject(away);
      const create = { reference: "PO-not", amount: 1, currency: "usd" };
      expect(await service.call("POST", "/v1/orders", create)).toMatchObject(away);
      expect(
        await service.call("POST", `/v1/orders/${order.id}/messages`, { topic: "note", message: "x" }),
      ).toMatchObject(away);
      const body = Buffer.from(
        JSON.stringify({ id: "evt_away", object: "event", type: "x.y", data: { object: { object: "x" } } }),
      );
      const webhook = () =>
        fetch(`${service.url}/webhooks/stripe`, {
          method: "POST",
          headers: { "stripe-signature": signBody(body, "whsec_outage", new Date()) },
          body: Uint8Array.from(body),
        });
      const refused = await webhook();
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      const page = await fetch(`${service.url}/a/v1.${"x".repeat(43)}`);
      expect([404, 503]).toContain(page.status);
      expect(page.headers.get("content-type")).toMatch(/^text\/html/);
      expect((await service.call("GET", "/healthz")).status).toBe(200);
      expect((await service.call("GET", "/readyz")).status).toBe(503);
      // The customer pays meanwhile; the provider keeps trying to tell.
      await service.pay(order);
      await sleep(2_000);

      database = await startDatabase();
      await service.until(webhook, ({ status }) => status === 204, 30_000);
      const done = await reached(service, order.id, "completed");
      expect(await service.ledger(done?.payment.id ?? null)).toMatchObject({ captured: 1250, captures: 1 });
      const after = await insistOn(service, "PO-after", { payment: CARD });
      await reached(service, after.id, "completed");
    },
  );

  test(
    "a provider that refuses, hangs or talks nonsense is waited for, and the trail says so",
    { timeout: 150_000 },
    async () => {
      const log = pino({ level: "silent" });
      const [database, dataDir, port] = await Promise.all([createDatabase(), folder(), freePort()]);
      opened.push(() => database.drop());
      const webhook = { url: `http://127.0.0.1:${port}/webhooks/stripe`, secret: "whsec_dev" };
      const mock = await startMockProvider({ port: 0, host: "127.0.0.1", dataDir, webhook, log });
      opened.push(() => mock.stop());
      const front = await openFront(mock.url);
      const env = {
        DATABASE_URL: database.url,
        DATA_DIR: dataDir,
        PORT: String(port),
        STRIPE_API_BASE: front.url,
      };
      const client = clientOf(`http://127.0.0.1:${port}`, mock.url);
      await start(env);

      front.mood = "closed";
      const waiting = await client.create({ reference: "PO-refused" });
      expect(waiting.status).toBe("created");
      const treated: Promise<OrderView>[] = [];
      for (const mood of ["hangs", "html", "garbage", "wrong", "nul", "empty", "error"] as const) {
        front.mood = mood;
        treated.push(client.create({ reference: `PO-${mood}` }));
        await front.heard(mood, `PO-${mood}`);
      }
      front.mood = "right";
      for (const { id, reference } of await Promise.all(treated)) {
        await reached(client, id, "awaiting_payment");
        // The SDK itself repeats a call whose connection broke off, once.
        if (reference === "PO-hangs") continue;
        expect(
          (await client.trail(id)).map(({ type }) => type),
          reference,
        ).toContain("effect.retrying");
      }
      await reached(client, waiting.id, "awaiting_payment");
      const retries = (await client.trail(waiting.id)).filter(({ type }) => type === "effect.retrying");
      expect(retries.length).toBeGreaterThan(1);
      expect(retries[0]?.data).toMatchObject({ effect: "open_payment", attempts: 1 });
      await client.pay(await client.order(waiting.id));
      const done = await reached(client, waiting.id, "completed");
      expect(await client.ledger(done?.payment.id ?? null)).toMatchObject({ captured: 1250, captures: 1 });
    },
  );

  test(
    "without SMTP the question waits, says so in the trail, and is mailed once there is",
    { timeout: 120_000 },
    async () => {
      const smtpPort = await freePort();
      const service = await startBundled({ SMTP_URL: `smtp://127.0.0.1:${smtpPort}` });
      const order = await service.create({ reference: "PO-unmailed", amount: 125_000 });
      await service.pay(order);
      const deferred = await service.until(
        async () => (await service.trail(order.id)).filter(({ type }) => type === "mail.deferred"),
        (entries) => entries.length >= 2,
        20_000,
      );
      expect(deferred[0]?.data["reason"]).toContain("ECONNREFUSED");
      expect((await service.order(order.id)).status).toBe("awaiting_approval");

      const mails: { to: string; text: string; id: string }[] = [];
      const smtp = new SMTPServer({
        authOptional: true,
        disabledCommands: ["STARTTLS"],
        onData(stream, session, done) {
          void simpleParser(stream).then((mail) => {
            const to = session.envelope.rcptTo.map(({ address }) => address).join(",");
            mails.push({ to, text: mail.text ?? "", id: mail.messageId ?? "" });
            done();
          });
        },
      });
      smtp.listen(smtpPort, "127.0.0.1");
      opened.push(() => new Promise<void>((resolve) => smtp.close(() => resolve())));
      await service.until(
        () => Promise.resolve(mails.map(({ to }) => to).sort()),
        (to) => to.length >= 2,
        40_000,
      );
      expect(mails.map(({ to }) => to).sort()).toEqual(["controller@example.com", "finance@example.com"]);
      const link = /http\S+\/a\/\S+/.exec(mails[0]?.text ?? "")?.[0] ?? "";
      expect((await service.decide(link, "approve")).status).toBe(200);
      await reached(service, order.id, "completed");
    },
  );
});

type Mood = "right" | "closed" | "hangs" | "html" | "garbage" | "wrong" | "nul" | "empty" | "error";

/** Stands before the provider and answers as a broken one does, until it is in the mood to pass requests on. */
async function openFront(target: string) {
  const heard: string[] = [];
  const answers: Partial<Record<Mood, [status: number, type: string, body: string]>> = {
    html: [200, "text/html", "<html><h1>Welcome to nginx!</h1></html>"],
    garbage: [200, "application/json", '{"id": "cs_'],
    wrong: [200, "application/json", '{"id": 7, "object": "checkout.session", "status": "maybe"}'],
    nul: [500, "application/json", '{"error": {"type": "api_error", "message": "a\\u0000b\\ud800"}}'],
    empty: [200, "application/json", ""],
    error: [500, "application/json", '{"error": {"type": "api_error", "message": "try later"}}'],
  };
  const front = {
    url: "",
    mood: "right" as Mood,
    /** Resolves when a request about `what` was treated in this mood. */
    async heard(mood: Mood, what: string): Promise<void> {
      const found = () => heard.some((line) => line.startsWith(mood) && line.includes(what));
      for (let i = 0; i < 400 && !found(); i++) await sleep(25);
      expect(found(), `${mood} ${what}`).toBe(true);
    },
  };
  const server: Server = createServer((request, response) => void treat(request, response));
  async function treat(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { mood } = front;
    heard.push(`${mood} ${body}`);
    const answer = answers[mood];
    if (answer) {
      const [status, type, content] = answer;
      response.writeHead(status, { "content-type": type }).end(content);
    } else if (mood === "closed") request.socket.destroy();
    else if (mood === "hangs") setTimeout(() => request.socket.destroy(), 1_000);
    else {
      const { method, headers } = request;
      const passed = httpRequest(new URL(request.url ?? "/", target), { method, headers }, (back) => {
        response.writeHead(back.statusCode ?? 502, back.headers);
        back.pipe(response);
      });
      passed.end(body);
    }
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  front.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  opened.push(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return front;
}
