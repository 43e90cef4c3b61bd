import { Registry } from "prom-client";
import { orderMetrics } from "./metrics/orders.ts";
import { requestMetrics } from "./metrics/requests.ts";
import { workMetrics } from "./metrics/work.ts";

/**
 * What operators watch, in Prometheus' terms: base units, and labels of which there are few values
 * (https://prometheus.io/docs/practices/naming/). `backlogMetrics` and `processMetrics` are added where there is a service.
 */
export function createMetrics() {
  const registry = new Registry();
  return {
    registry,
    ...requestMetrics(registry),
    ...workMetrics(registry),
    ...orderMetrics(registry),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
