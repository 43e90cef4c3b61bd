import { once } from "node:events";
import { createServer, request as send, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What becomes of one request on its way. */
export type Fate =
  | "passes"
  /** It arrives; its answer does not. */
  | "answer lost"
  /** It does not arrive. */
  | "request lost"
  /** It does not arrive, and somebody else answers. */
  | { status: number; headers?: Record<string, string>; body?: string }
  /** It arrives, and the answer breaks off behind so many bytes. */
  | { cut: number };

export interface LossyProxy {
  url: string;
  /** `METHOD path`, of what came. */
  seen: string[];
  /** Decides about each request; `nth` counts those with its method and path, from 1. */
  fate: (request: IncomingMessage, nth: number) => Fate;
  close(): Promise<void>;
}

/** A network between a client and the service at `target` that loses what it is told to lose. */
export async function startLossyProxy(target: string): Promise<LossyProxy> {
  const server = createServer((request, response) => {
    const what = `${request.method} ${request.url?.split("?", 1)[0]}`;
    proxy.seen.push(what);
    const fate = proxy.fate(request, proxy.seen.filter((one) => one === what).length);
    if (fate === "request lost") request.destroy();
    else if (typeof fate === "object" && "status" in fate)
      response.writeHead(fate.status, fate.headers).end(fate.body ?? "");
    else forward(target, request, response, fate);
  });
  const proxy: LossyProxy = {
    url: "",
    seen: [],
    fate: () => "passes",
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

function forward(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  fate: "passes" | "answer lost" | { cut: number },
): void {
  const { method, headers } = request;
  const onward = send(target + request.url, { method, headers, agent: false }, (answer) => {
    if (fate === "answer lost") {
      answer.resume().on("end", () => response.destroy());
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    // What is only begun stays open until something is sent.
    response.flushHeaders();
    let left = fate === "passes" ? Infinity : fate.cut;
    answer.on("data", (chunk: Buffer) => {
      response.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0) return;
      // Behind what was written, which a destroyed connection would not deliver.
      response.socket?.end();
      onward.destroy();
    });
    answer.on("end", () => response.end());
    answer.on("error", () => response.destroy());
  });
  onward.on("error", () => response.destroy());
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}
