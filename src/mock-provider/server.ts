import { createServer, type Server } from "node:http";
import type { Log } from "../log.ts";
import { createApp } from "./app.ts";
import { byItself, type World } from "./call.ts";
import { Chaos } from "./chaos.ts";
import { Clock } from "./clock.ts";
import { lockData } from "./data-lock.ts";
import { Deliveries } from "./deliveries.ts";
import { Journal } from "./journal.ts";
import { State } from "./state.ts";
import { runTask } from "./tasks.ts";
import { bundledEndpoint } from "./webhook-endpoints.ts";

export interface MockProviderOptions {
  /** 0 picks a free one. */
  port: number;
  host: string;
  /** Where the journal is; made if it is not there. */
  dataDir: string;
  /** How people's browsers reach the pages; by default where the server listens. */
  publicUrl?: string;
  /** An endpoint that hears every event of one account (by default that of the key `sk_test_mock`). */
  webhook?: { url: string; secret: string; account?: string };
  /** How long an endpoint may take to answer; Stripe's 20 seconds by default. */
  deliveryTimeoutMs?: number;
  /** How many bytes the journal may grow before it is compacted. */
  compactAfter?: number;
  log: Log;
}

export interface MockProvider {
  url: string;
  port: number;
  /** Stops listening and delivering; what is undelivered goes on after the next start. */
  stop: () => Promise<void>;
}

/**
 * Starts the mock of Stripe's API; everything it knew when it last ran, even if it was killed, it knows again.
 * @throws AppError `conflict` when another process is on the data directory
 */
export async function startMockProvider(options: MockProviderOptions): Promise<MockProvider> {
  const unlock = await lockData(options.dataDir);
  try {
    return await serve(options, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function serve(options: MockProviderOptions, unlock: () => void): Promise<MockProvider> {
  const journal = new Journal(options.dataDir, {
    warn: (error) => {
      options.log.warn({ err: error }, "the mock provider's journal could not be compacted");
    },
    ...(options.compactAfter === undefined ? {} : { compactAfter: options.compactAfter }),
  });
  const state = new State(journal);
  const chaos = new Chaos(state);
  const clock = new Clock(state, (task) => {
    runTask(world, task);
  });
  const deliveries = new Deliveries(state, chaos, clock, options.deliveryTimeoutMs);
  let url = options.publicUrl ?? "";
  const world: World = { state, clock, chaos, deliveries, url: () => url };
  const server = createServer();
  const port = await listen(server, options.port, options.host);
  const listening = `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`;
  url ||= listening;
  if (options.webhook) {
    const account = state.account((options.webhook.account ?? "sk_test_mock").replace(/^(sk|rk)_test_/, ""));
    bundledEndpoint(byItself(world, account), options.webhook.url, options.webhook.secret);
    state.commit();
  }
  const app = createApp(world);
  app.on("error", (error: Error) => {
    options.log.warn({ err: error }, "a request to the mock provider failed");
  });
  const handle = app.callback();
  server.on("request", (request, response) => {
    void handle(request, response);
  });
  clock.start();
  deliveries.resume();
  return {
    url: listening,
    port,
    stop: async () => {
      deliveries.stop();
      clock.stop();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
      state.commit();
      journal.close();
      unlock();
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
