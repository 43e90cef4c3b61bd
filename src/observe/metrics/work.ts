import { Counter, Histogram, type Registry } from "prom-client";
import { ALERT_KINDS } from "../../domain/order.ts";

/** What the workflows do. */
export function workMetrics(registry: Registry) {
  const registers = [registry];
  const alerts = new Counter({
    name: "countersign_operator_alerts_total",
    help: "What a person has to look at, by kind",
    labelNames: ["alert"],
    registers,
  });
  // A counter that begins with 1 has not increased, to Prometheus: the first of its kind would be missed.
  for (const alert of ALERT_KINDS) alerts.inc({ alert }, 0);
  const bounces = new Counter({
    name: "countersign_mails_bounced_total",
    help: "Mails that came back (permanent), or that a server reports as late (delayed)",
    labelNames: ["kind"],
    registers,
  });
  const operatorBounces = new Counter({
    name: "countersign_operator_mails_bounced_total",
    help: "Of mails to operators: sign-in links, alerts, reports; those that came back (permanent) or are late (delayed)",
    labelNames: ["kind"],
    registers,
  });
  for (const counter of [bounces, operatorBounces])
    for (const kind of ["permanent", "delayed"]) counter.inc({ kind }, 0);
  return {
    alerts,
    bounces,
    operatorBounces,
    transitions: new Histogram({
      name: "countersign_transition_duration_seconds",
      help: "Time to take the waiting messages, decide and commit",
      labelNames: ["workflow"],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
    effects: new Counter({
      name: "countersign_effects_total",
      help: "Tries of what decisions asked for: done, to be tried again (retry), or given up (failed)",
      labelNames: ["effect", "outcome"],
      registers,
    }),
    providerCalls: new Histogram({
      name: "countersign_provider_call_duration_seconds",
      help: "Calls to the payment provider: ok, passing trouble (retry), or refused",
      labelNames: ["operation", "outcome"],
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 20],
      registers,
    }),
    mails: new Histogram({
      name: "countersign_mail_duration_seconds",
      help: "Mails handed to the SMTP server: accepted, deferred, or refused",
      labelNames: ["outcome"],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
      registers,
    }),
    deliveries: new Histogram({
      name: "countersign_delivery_duration_seconds",
      help: "Tries of webhooks to endpoints: accepted or failed",
      labelNames: ["outcome"],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
  };
}
