import { createServer, request as forward, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What goes wrong between us and the provider: the path's answer, or a header of every answer. */
export interface Tampering {
  answers?: Record<string, { status: number; body: unknown }>;
  headers?: Record<string, string>;
}

/** Something in front of the provider that speaks as it does, save for what is tampered with. */
export async function openStandIn(
  target: string,
  tampering: Tampering,
): Promise<{ url: string; asked: string[]; stop: () => Promise<void> }> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    asked.push(`${request.method} ${path} ${request.headers.authorization}`);
    const answer = tampering.answers?.[path];
    if (answer) {
      response.writeHead(answer.status, { "content-type": "application/json", ...tampering.headers });
      response.end(JSON.stringify(answer.body));
      return;
    }
    const onward = forward(
      new URL(request.url ?? "/", target),
      { method: request.method, headers: request.headers },
      (upstream) => {
        response.writeHead(upstream.statusCode ?? 500, { ...upstream.headers, ...tampering.headers });
        upstream.pipe(response);
      },
    );
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
