import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { z } from "zod";

const attribute = z.object({
  key: z.string(),
  value: z.looseObject({ stringValue: z.string().optional(), intValue: z.coerce.number().optional() }),
});

/** As far as we look at it: https://github.com/open-telemetry/opentelemetry-proto, ExportTraceServiceRequest in JSON. */
const exported = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(attribute) }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              kind: z.number(),
              attributes: z.array(attribute).default([]),
              links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
              status: z.object({ code: z.number().optional() }).default({}),
            }),
          ),
        }),
      ),
    }),
  ),
});

export type Exported = z.output<
  typeof exported
>["resourceSpans"][number]["scopeSpans"][number]["spans"][number];

/** An OTLP/HTTP receiver: keeps what it is sent, as it is sent. */
export async function startCollector() {
  const spans: Exported[] = [];
  const services = new Set<string | undefined>();
  const requests: { headers: IncomingHttpHeaders; text: string }[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      requests.push({ headers: request.headers, text: JSON.stringify(body) });
      for (const { resource, scopeSpans } of exported.parse(body).resourceSpans) {
        services.add(resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue);
        spans.push(...scopeSpans.flatMap((scope) => scope.spans));
      }
      response.setHeader("content-type", "application/json").end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    services,
    requests,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
