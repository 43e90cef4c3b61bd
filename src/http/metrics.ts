import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** What operators watch, in Prometheus' terms. */
export interface Metrics {
  registry: Registry;
  requests: Histogram<"method" | "route" | "status">;
  webhooks: Counter<"state">;
  signatureFailures: Counter;
  alerts: Counter<"alert">;
}

export function createMetrics({ parked }: { parked: () => number }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Gauge({
    name: "countersign_workflows_parked",
    help: "Workflows of this process that wait for a message or a deadline",
    registers,
    collect() {
      this.set(parked());
    },
  });
  return {
    registry,
    requests: new Histogram({
      name: "http_request_duration_seconds",
      help: "Time to answer a request",
      labelNames: ["method", "route", "status"],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    webhooks: new Counter({
      name: "countersign_webhooks_received_total",
      help: "Authentic webhooks, by what became of them",
      labelNames: ["state"],
      registers,
    }),
    signatureFailures: new Counter({
      name: "countersign_webhook_signature_failures_total",
      help: "Webhooks refused for their signature",
      registers,
    }),
    alerts: new Counter({
      name: "countersign_operator_alerts_total",
      help: "What a person has to look at, by kind",
      labelNames: ["alert"],
      registers,
    }),
  };
}
