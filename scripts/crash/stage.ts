import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import Stripe from "stripe";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { createPool, type Pool } from "../../src/db/pool.ts";
import { startProcess, type RunningProcess } from "../process.ts";
import { startBalancer } from "./balancer.ts";
import { openMails, type KeptMail } from "./mails.ts";

export type PartName = "service-a" | "service-b" | "database" | "provider" | "mail";

/** Something that may be killed at any moment. */
export interface Part {
  name: PartName;
  /** Gone, as if its machine had lost power; one that is down already stays so. */
  kill(): Promise<void>;
  /** Asked to end, as on a restart. */
  leave(): Promise<void>;
  /** Up again, and ready. Only a service takes a fault: where it kills itself, perhaps before it is ready. */
  start(fault?: string): Promise<void>;
  /** Resolves when it has ended; at once when it is down. */
  ended(): Promise<void>;
}

/** A whole installation: two services behind a balancer, PostgreSQL, provider and mail server, each a process. */
export interface Stage {
  url: string;
  providerUrl: string;
  providerKey: string;
  pool: Pool;
  parts: Record<PartName, Part>;
  mails(): Promise<readonly KeptMail[]>;
  stop(): Promise<void>;
}

const KEY = "sk_test_crash";
/** How often a part is started that does not come up. */
const STARTS = 10;

/** @param checkoutOf whose code a service runs at its next start; this one's when it is undefined */
export async function startStage(
  env: Record<string, string> = {},
  checkoutOf: (name: PartName) => string | undefined = () => undefined,
): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-matrix-"));
  const [portA, portB, providerPort, mailPort] = [await port(), await port(), await port(), await port()];
  const postgres = await startEmbeddedPostgres({ dataDir: folder });
  const balancer = await startBalancer([portA, portB]);
  const providerUrl = `http://127.0.0.1:${providerPort}`;
  const mailFile = join(folder, "mails.ndjson");

  const provider = part("provider", () =>
    startProcess("src/mock-provider/main.ts", {}, (line) => line.includes('"ready"'), {
      args: ["--port", String(providerPort), "--data-dir", join(folder, "provider"), "--log-level", "error"],
    }),
  );
  const mail = part("mail", () =>
    startProcess("scripts/crash/mail-server.ts", {}, (line) => line === "ready", {
      args: [String(mailPort), mailFile],
    }),
  );
  await Promise.all([provider.start(), mail.start()]);
  const secret = await registerWebhooks(providerPort, `${balancer.url}/webhooks/stripe`);
  const service = (name: PartName, own: number) =>
    part(name, (fault) =>
      startProcess(
        "src/main.ts",
        {
          PORT: String(own),
          PUBLIC_URL: balancer.url,
          DATABASE_URL: postgres.url,
          DATA_DIR: join(folder, "service"),
          LINK_SECRETS: "1:crash-matrix-crash-matrix-crash-matrix",
          STRIPE_API_KEY: KEY,
          STRIPE_API_BASE: providerUrl,
          STRIPE_WEBHOOK_SECRETS: secret,
          SMTP_URL: `smtp://127.0.0.1:${mailPort}`,
          RECONCILE_EVERY_S: "2",
          // So that many are asleep, or about to be, when something is killed.
          SLEEP_AFTER_S: "1",
          LOG_LEVEL: "silent",
          ...env,
          ...(fault === undefined ? {} : { FAULT_POINT: fault }),
        },
        (line) => line === "ready",
        checkoutIn(checkoutOf(name)),
      ),
    );
  const services = [service("service-a", portA), service("service-b", portB)] as const;
  const database: Part = {
    name: "database",
    async kill() {
      // Between two of its lives there is nothing to kill, and a blow is one all the same.
      while (!killed(postgres.pid)) await sleep(50);
    },
    leave: async () => {},
    // Its supervisor starts it again.
    start: async () => {},
    ended: async () => {},
  };
  await Promise.all(services.map((each) => each.start()));
  const pool = createPool({ url: postgres.url, max: 4, applicationName: "countersign-matrix" });
  return {
    url: balancer.url,
    providerUrl,
    providerKey: KEY,
    pool,
    parts: { "service-a": services[0], "service-b": services[1], database, provider, mail },
    mails: openMails(mailFile),
    async stop() {
      await Promise.all([...services, provider, mail].map((each) => each.kill()));
      await balancer.stop();
      await pool.end();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const checkoutIn = (cwd: string | undefined) => (cwd === undefined ? {} : { cwd });

function killed(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

/** A process that is started and killed by name. A fault may end it before it is ready. */
function part(name: PartName, begin: (fault?: string) => Promise<RunningProcess>): Part {
  let running: RunningProcess | null = null;
  return {
    name,
    async kill() {
      await running?.stop("SIGKILL");
      running = null;
    },
    async leave() {
      await running?.stop("SIGTERM");
      running = null;
    },
    async start(fault) {
      // One that loses its database while it starts ends, and whoever looks after it starts it again.
      for (let tries = 1; ; tries++) {
        running = await begin(fault).catch((error: unknown) => {
          if (fault === undefined && tries === STARTS) throw error;
          return null;
        });
        if (running || fault !== undefined) return;
      }
    },
    ended: () => running?.ended ?? Promise.resolve(),
  };
}

async function registerWebhooks(providerPort: number, url: string): Promise<string> {
  const stripe = new Stripe(KEY, {
    host: "127.0.0.1",
    port: providerPort,
    protocol: "http",
    telemetry: false,
  });
  const made = await stripe.webhookEndpoints.create({ url, enabled_events: ["*"] });
  return made.secret ?? "";
}

/** A port that nobody listens on now. */
async function port(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return free;
}
