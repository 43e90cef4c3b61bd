import { mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { simpleParser } from "mailparser";
import { pino } from "pino";
import { SMTPServer, type SMTPServerSession } from "smtp-server";
import Stripe from "stripe";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { linksIn } from "../../src/mail/dev-mailbox.ts";
import { startMockProvider, type MockProvider } from "../../src/mock-provider/server.ts";
import { createDatabase } from "../helpers/database.ts";
import { freePort, startProcess, type ServiceProcess } from "../helpers/process.ts";
import { clientOf, type TestClient } from "../helpers/service.ts";

export interface SentMail {
  to: string;
  subject: string;
  messageId: string;
  links: string[];
  /** When the client began to send it, by `Date.now()`. */
  begun: number;
}

/** One of several services on the same database: the same port and address at every start. */
export interface Member {
  url: string;
  client: TestClient;
  start(env?: Record<string, string>): Promise<ServiceProcess>;
  /** The one that was started last. */
  process(): ServiceProcess;
}

/** What several services share: PostgreSQL, a payment provider that tells each of them, and a mail server. */
export interface Stage {
  databaseUrl: string;
  sql: Pool;
  provider: MockProvider;
  /** Every mail that was accepted, also one that came twice. */
  mails: SentMail[];
  member(): Promise<Member>;
  end(): Promise<void>;
}

/** @param given a database of the test's own; by default a new one on the tests' server */
export async function openStage(given?: { url: string }): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-cluster-"));
  const database = given ? { url: given.url, drop: () => Promise.resolve() } : await createDatabase();
  const provider = await startMockProvider({
    ...{ port: 0, host: "127.0.0.1", dataDir: join(folder, "provider") },
    log: pino({ level: "silent" }),
  });
  const { port } = new URL(provider.url);
  const stripe = new Stripe("sk_test_mock", { host: "127.0.0.1", port, protocol: "http", telemetry: false });
  const smtp = await openSmtp();
  const sql = createPool({ url: database.url, max: 4, applicationName: "cluster-test" });
  const secrets: string[] = [];
  const running = new Set<ServiceProcess>();

  return {
    ...{ databaseUrl: database.url, sql, provider, mails: smtp.mails },
    async member() {
      const ownPort = await freePort();
      const url = `http://127.0.0.1:${ownPort}`;
      const hook = await stripe.webhookEndpoints.create({
        url: `${url}/webhooks/stripe`,
        enabled_events: ["*"],
      });
      secrets.push(hook.secret ?? "");
      let last: ServiceProcess | null = null;
      return {
        url,
        client: clientOf(url, provider.url),
        process: () => {
          if (!last) throw new Error("it was not started");
          return last;
        },
        async start(env = {}) {
          last = await startProcess({
            PORT: String(ownPort),
            DATABASE_URL: database.url,
            DATA_DIR: join(folder, "data"),
            STRIPE_API_BASE: provider.url,
            STRIPE_WEBHOOK_SECRETS: secrets.join(","),
            SMTP_URL: smtp.url,
            LOG_LEVEL: "warn",
            ...env,
          });
          if (!last) throw new Error("it was killed before it was ready");
          running.add(last);
          return last;
        },
      };
    },
    async end() {
      // One that stands still would not end.
      for (const each of running) each.signal("SIGCONT");
      await Promise.all([...running].map((each) => each.end("SIGKILL")));
      await sql.end().catch(() => {});
      await smtp.stop();
      await provider.stop();
      await database.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openSmtp() {
  const mails: SentMail[] = [];
  const begun = new WeakMap<SMTPServerSession, number>();
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    authOptional: true,
    disableReverseLookup: true,
    onMailFrom(_address, session, done) {
      begun.set(session, Date.now());
      done();
    },
    onData(stream, session, done) {
      void simpleParser(stream).then((mail) => {
        const to = session.envelope.rcptTo.map(({ address }) => address).join(",");
        const { subject = "", messageId = "" } = mail;
        mails.push({
          to,
          subject,
          messageId,
          links: linksIn(mail.text ?? ""),
          begun: begun.get(session) ?? 0,
        });
        done();
      });
    },
  });
  server.on("error", () => undefined);
  const listener = server.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    mails,
    url: `smtp://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** The middle, the 95th percentile and the most of some times, as a test prints them. */
export function figures(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return `${sorted.length} times, median ${at(0.5)} ms, p95 ${at(0.95)} ms, most ${at(1)} ms`;
}

/** Payments of the provider's account that hold or held money, by the order that they name. */
export async function ledger(stage: Stage): Promise<Map<string, LedgerLine[]>> {
  const lines = new Map<string, LedgerLine[]>();
  for (let after = "", more = true; more;) {
    const response = await fetch(
      `${stage.provider.url}/_mock/ledger?limit=1000${after ? `&starting_after=${after}` : ""}`,
      { headers: { authorization: "Bearer sk_test_mock" } },
    );
    const page = (await response.json()) as { has_more: boolean; data: LedgerLine[] };
    for (const line of page.data) {
      const id = line.metadata["order_id"] ?? "";
      if (line.authorized > 0) lines.set(id, [...(lines.get(id) ?? []), line]);
    }
    after = page.data.at(-1)?.payment_intent ?? "";
    more = page.has_more;
  }
  return lines;
}

export interface LedgerLine {
  payment_intent: string;
  authorized: number;
  captured: number;
  captures: number;
  voided: number;
  refunded: number;
  refunds: number;
  metadata: Record<string, string>;
}

/** What has not come to rest: unread messages, workflows that have not ended, open segments. */
export async function unrest({ sql }: Pick<Stage, "sql">, within = 20_000): Promise<string[]> {
  for (const deadline = Date.now() + within; ; await new Promise((done) => setTimeout(done, 100))) {
    const { rows } = await sql.query<{ what: string }>(
      `select 'unread ' || message_uuid as what from dbos.notifications where consumed = false
       union all select status || ' ' || workflow_uuid from dbos.workflow_status where status <> 'SUCCESS'
       union all select 'open ' || id from countersign.orders where segment_open
       union all select 'open ' || id from countersign.approvals where segment_open`,
    );
    if (rows.length === 0 || Date.now() > deadline) return rows.map(({ what }) => what);
  }
}
