import { z } from "zod";
import { amountOf, url, type Values } from "./values.ts";

// Traces, under the names that OpenTelemetry gives them
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).

const HEADERS = "write name=value, separated by commas, with special characters as %XX";

/** As W3C Baggage writes them: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ */
const headers = z.string().transform((text, ctx): Record<string, string> => {
  try {
    return Object.fromEntries(
      text.split(",").map((pair) => {
        const [, name, value] = /^\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
        if (name === undefined || value === undefined) throw new URIError(pair);
        return [name, decodeURIComponent(value)];
      }),
    );
  } catch {
    ctx.addIssue(HEADERS);
    return {};
  }
});

export const traceSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url(["http:", "https:"]).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: headers.optional(),
  OTEL_SERVICE_NAME: z.string().min(1).default("countersign"),
  OTEL_TRACES_SAMPLER_ARG: amountOf("a part", 0, 1).default(1),
};

export interface TraceConfig {
  /** Null: no traces. */
  traces: {
    /** Of an OTLP/HTTP receiver; `/v1/traces` is added. */
    endpoint: string;
    /** What the receiver wants to see, such as a key. */
    headers: Record<string, string>;
    serviceName: string;
    /** Which part of new traces is recorded, 0 to 1; who sends a `traceparent` has decided for theirs. */
    ratio: number;
  } | null;
}

export function traceConfig(raw: Values<typeof traceSettings>): TraceConfig {
  const endpoint = raw.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return { traces: null };
  return {
    traces: {
      endpoint,
      headers: raw.OTEL_EXPORTER_OTLP_HEADERS ?? {},
      serviceName: raw.OTEL_SERVICE_NAME,
      ratio: raw.OTEL_TRACES_SAMPLER_ARG,
    },
  };
}
