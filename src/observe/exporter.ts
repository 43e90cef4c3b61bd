import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";

export interface Exporter {
  /** Sends what is left, and switches traces off. */
  stop(): Promise<void>;
}

const LAST_WORDS_MS = 3_000;

/** Installed by whoever wants traces: 25 MB that nobody else needs. */
const packages = () =>
  Promise.all([
    import("@opentelemetry/sdk-trace-node"),
    import("@opentelemetry/exporter-trace-otlp-http"),
    import("@opentelemetry/resources"),
    import("@opentelemetry/api"),
  ]).catch((error: unknown) => {
    throw new AppError(
      "invalid_request",
      "OTEL_EXPORTER_OTLP_ENDPOINT: what sends traces is not installed; run npm install @opentelemetry/sdk-trace-node @opentelemetry/exporter-trace-otlp-http @opentelemetry/resources",
      { cause: error },
    );
  });

/**
 * Switches traces on: spans go to an OTLP/HTTP receiver in batches, beside the work. A receiver that is away costs the spans
 * alone. The packages are loaded here, so that who wants no traces does not load them.
 */
export async function startTraces(
  { endpoint, headers, serviceName, ratio }: NonNullable<Config["traces"]>,
  { version, instance, log }: { version: string; instance: string; log: Log },
): Promise<Exporter> {
  const [sdk, { OTLPTraceExporter }, { resourceFromAttributes }, { context, trace, propagation, diag }] =
    await packages();
  let told = false;
  diag.setLogger({
    // What it says may hold the receiver's answer, and it says it for every batch.
    error: () => {
      if (!told) log.warn("traces could not be sent; OTEL_EXPORTER_OTLP_ENDPOINT does not take them");
      told = true;
    },
    ...{ warn: () => {}, info: () => {}, debug: () => {}, verbose: () => {} },
  });
  const provider = new sdk.NodeTracerProvider({
    resource: resourceFromAttributes({
      "service.name": serviceName,
      "service.version": version,
      "service.instance.id": instance,
    }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [
      new sdk.BatchSpanProcessor(
        new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, "")}/v1/traces`, headers }),
      ),
    ],
  });
  provider.register();
  return {
    async stop() {
      let late: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        late = setTimeout(resolve, LAST_WORDS_MS);
      });
      await Promise.race([provider.shutdown().catch(() => undefined), patience]);
      clearTimeout(late);
      for (const global of [trace, context, propagation, diag]) global.disable();
    },
  };
}
