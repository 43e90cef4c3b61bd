import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import bodyParser from "@koa/bodyparser";
import Koa from "koa";
import { createBooks, Refusal } from "./books.ts";
import type { Payment } from "./payment.ts";
import { createDeliveries, type Endpoint } from "./deliveries.ts";
import { apiRoutes } from "./api.ts";
import { customerRoutes } from "./customer.ts";
import { readScenarios } from "./scenario.ts";

export interface StandardProvider {
  url: string;
  /** Where webhooks go; until it is known they wait. */
  deliverTo(endpoint: Endpoint): void;
  /** Every payment as it is now, for those who look from outside. */
  payments(): Payment[];
  stop(): Promise<void>;
}

interface Options {
  port: number;
  apiKey: string;
  endpoint?: Endpoint;
}

/**
 * A payment provider of another shape than Stripe's, in memory: JSON, decimal amounts, links, operations that take their
 * time, webhooks signed as Standard Webhooks. How a payment goes is in the fixture named like its payment method.
 */
export async function startStandardProvider(options: Options): Promise<StandardProvider> {
  let endpoint = options.endpoint ?? null;
  let url = "";
  const scenarios = readScenarios();
  const deliveries = createDeliveries(() => endpoint);
  const books = createBooks(
    scenarios,
    () => url,
    (payment, type, data) => {
      if (!payment.scenario.lost.includes(type)) deliveries.send(type, data);
    },
  );
  const app = new Koa();
  app.use(problems);
  app.use(bodyParser({ jsonLimit: "256kb" }));
  app.use(customerRoutes(books, scenarios).routes());
  app.use(apiRoutes(books, options.apiKey).routes());
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    deliverTo: (next) => void (endpoint = next),
    payments: () => books.all(),
    async stop() {
      books.stop();
      await deliveries.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const problems: Koa.Middleware = async (ctx, next) => {
  try {
    await next();
    if (ctx.status === 404 && ctx.body === undefined)
      throw new Refusal(404, "unknown_path", "There is no such path.");
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    ctx.status = error.status;
    ctx.body = { problem: { code: error.code, text: error.message } };
  }
};
