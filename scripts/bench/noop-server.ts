/**
 * The least that the intake can do: the service's own app, with the same middleware, limits, check of the signature and answer.
 * Only what is accepted is not read, and not stored.
 */
import type { AddressInfo } from "node:net";
import { createPool } from "../../src/db/pool.ts";
import { createBase } from "../../src/http/app.ts";
import { webhookRoutes } from "../../src/http/webhooks.ts";
import type { Accepted } from "../../src/inbox/accept.ts";
import { createLog } from "../../src/log.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { createStripeSource } from "../../src/payments/stripe/source.ts";
import { sourcesByName } from "../../src/payments/webhook-source.ts";

const never = new AbortController().signal;
const log = createLog("error");
const metrics = createMetrics();
const nothing: Accepted = { id: "", event_id: "", order_id: null, state: "parked", fresh: true };

const app = createBase({ log, metrics, leaving: never, stopping: never });
const routes = webhookRoutes({
  // Asked for a bad signature alone.
  pool: createPool({ url: "postgres://127.0.0.1:1/none", max: 1 }),
  intake: { accept: () => Promise.resolve(nothing) },
  sources: sourcesByName(createStripeSource({ secrets: ["whsec_dev"] })),
  log,
  metrics,
  // More than comes from one address anywhere else.
  webhookLimits: { verified: 10_000_000, unverified: 600, bodyWithinMs: 15_000 },
});
app.use(routes.routes());
app.use(routes.allowedMethods());
const server = app.listen(0, "127.0.0.1", () => {
  console.log(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on("SIGTERM", () => process.exit(0));
