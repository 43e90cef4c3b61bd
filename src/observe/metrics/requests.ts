import { Counter, Histogram, type Registry } from "prom-client";

/** What comes in over HTTP. */
export function requestMetrics(registry: Registry) {
  const registers = [registry];
  return {
    requests: new Histogram({
      name: "http_request_duration_seconds",
      help: "Time to answer a request",
      labelNames: ["method", "route", "status"],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    webhooks: new Counter({
      name: "countersign_webhooks_received_total",
      help: "Events of authentic webhooks, by what became of them, and whether they had come before",
      labelNames: ["provider", "state", "result"],
      registers,
    }),
    signatureFailures: new Counter({
      name: "countersign_webhook_signature_failures_total",
      help: "Webhooks refused for their signature",
      labelNames: ["provider"],
      registers,
    }),
    intake: new Histogram({
      name: "countersign_webhook_intake_duration_seconds",
      help: "Time from an event's arrival until it is stored and sent to its order",
      labelNames: ["provider"],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    batch: new Histogram({
      name: "countersign_webhook_batch_size",
      help: "Events that shared one commit",
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      registers,
    }),
    clicks: new Histogram({
      name: "countersign_link_decision_duration_seconds",
      help: "Time from a click in a mailed link's page until the answer says what became of it",
      buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
  };
}
