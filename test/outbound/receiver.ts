import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { expect } from "vitest";
import { eventSchema } from "../../src/contract/events/catalogue.ts";

export interface ReceivedEvent {
  type: string;
  timestamp: string;
  data: {
    id: string;
    object: string;
    version: number;
    seq: number;
    status?: string;
    order_id?: string | null;
  };
}

export interface Received {
  path: string;
  id: string;
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

/** A merchant's server, which keeps what it is sent and answers as it is told. */
export interface Receiver {
  url: string;
  port: number;
  received: Received[];
  /** Decides what one request is answered; 204 by default. */
  answer: (request: Received, response: ServerResponse) => void;
  /** What arrived at a path, each verified with the secret and against its type's schema. */
  events(path: string, secret: string): (ReceivedEvent & { webhook_id: string })[];
  /** Waits until `found` says so of what has arrived. */
  until(found: (received: Received[]) => boolean, within?: number): Promise<void>;
  close(): Promise<void>;
}

export async function startReceiver(port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const receiver: Receiver = {
    url: "",
    port,
    received,
    answer: (_, response) => void response.writeHead(204).end(),
    events: (path, secret) =>
      received
        .filter((one) => one.path === path)
        .map((one) => ({ ...verified(one, secret), webhook_id: one.id })),
    async until(found, within = 10_000) {
      const deadline = Date.now() + within;
      while (!found(received)) {
        if (Date.now() > deadline)
          throw new Error(
            `not received in ${within} ms; so far: ${received.map(({ path, body }) => `${path} ${(JSON.parse(body) as ReceivedEvent).type}`).join(", ")}`,
          );
        await sleep(10);
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one = {
        path: request.url ?? "",
        id: String(request.headers["webhook-id"]),
        headers: request.headers,
        body: Buffer.concat(chunks).toString("utf8"),
        at: Date.now(),
      };
      received.push(one);
      receiver.answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  receiver.port = (server.address() as AddressInfo).port;
  receiver.url = `http://127.0.0.1:${receiver.port}`;
  return receiver;
}

/** As a merchant does it, with the library of the standard. */
export function verified({ body, headers }: Received, secret: string): ReceivedEvent {
  const event = new Webhook(secret).verify(body, headers as Record<string, string>) as ReceivedEvent;
  const schema = eventSchema(event.type);
  expect(schema, event.type).toBeDefined();
  expect(schema?.safeParse(event)).toMatchObject({ success: true });
  return event;
}
