import { join } from "node:path";
import type { Config } from "../config.ts";
import { awaitServer } from "../db/await-server.ts";
import { startEmbeddedPostgres } from "../db/embedded.ts";
import { migrate } from "../db/migrate.ts";
import { requireSessions } from "../db/pooler.ts";
import type { Log } from "../log.ts";
import { startDevMailbox } from "../mail/dev-mailbox.ts";
import { startBundledProvider } from "../payments/bundled-provider.ts";

// What a service brings along where no real one is configured: database, provider, mailbox.

/** Parts are stopped in the reverse order of their start, also when a start fails halfway. */
export type Stop = () => Promise<void> | void;

interface Options {
  config: Config;
  log: Log;
  stops: Stop[];
  /** Told of each part as it starts, in a word or two. */
  onProgress: (part: string) => void;
  /** What Node runs as the bundled provider. */
  provider: string[];
}

/**
 * Starts them side by side. A part that has started is known to be stopped, also when another fails.
 * @param webhooksAt the service's own URL, for the bundled provider
 */
export function startSurroundings(options: Options, webhooksAt: string) {
  return together([
    () => startMigrated(options),
    () => startProvider(options, webhooksAt),
    () => startMailbox(options),
  ]);
}

/** The schema is brought up to date while the other parts start. */
async function startMigrated(options: Options): Promise<string> {
  const url = await startDatabase(options);
  if (options.config.databaseUrl !== null) await requireSessions(url);
  await migrate(url);
  return url;
}

async function startDatabase({ config, log, stops, onProgress }: Options): Promise<string> {
  onProgress("database");
  if (config.databaseUrl !== null) {
    await awaitServer(config.databaseUrl, {
      withinS: config.databaseWaitS,
      onWait(text) {
        onProgress(text);
        log.warn(text);
      },
    });
    return config.databaseUrl;
  }
  const embedded = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
  stops.push(() => embedded.stop());
  return embedded.ownerUrl;
}

async function startProvider({ config, log, stops, onProgress, provider: entry }: Options, url: string) {
  if (config.providerPort === null) return null;
  onProgress("mock provider");
  const provider = await startBundledProvider({
    entry,
    port: config.providerPort,
    dataDir: join(config.dataDir, "provider"),
    webhook: {
      url: `${url}/webhooks/stripe`,
      secret: config.stripe.webhookSecrets[0] ?? "",
      account: config.stripe.apiKey,
    },
    shared: config.databaseUrl !== null,
    log,
  });
  stops.push(() => provider.stop());
  return provider;
}

async function startMailbox({ config, stops }: Options) {
  if (config.smtpUrl !== null) return null;
  const mailbox = await startDevMailbox({ dataDir: config.dataDir });
  stops.push(() => mailbox.stop());
  return mailbox;
}

/** Runs them side by side and waits for all, also when one fails: a part that has started must be known to be stopped. */
async function together<A, B, C>(
  starts: [() => Promise<A>, () => Promise<B>, () => Promise<C>],
): Promise<[A, B, C]> {
  const [a, b, c] = await Promise.allSettled([starts[0](), starts[1](), starts[2]()]);
  for (const result of [a, b, c]) if (result.status === "rejected") throw result.reason;
  if (a.status === "fulfilled" && b.status === "fulfilled" && c.status === "fulfilled")
    return [a.value, b.value, c.value];
  throw new Error("a part neither started nor failed");
}
