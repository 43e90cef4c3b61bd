import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { z } from "zod";
import { json } from "./client.ts";

const madeShape = z.looseObject({ id: z.string() });

/** A merchant's endpoint that takes every webhook and never answers. */
export interface HangingEndpoint {
  /** Registered, or disabled again. */
  enable(on: boolean): Promise<void>;
  stop(): Promise<void>;
}

export async function startHangingEndpoint(url: string): Promise<HangingEndpoint> {
  const server = createServer((socket) => socket.on("error", () => socket.destroy()).resume()).listen(
    0,
    "127.0.0.1",
  );
  await once(server, "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const made = madeShape.parse(
    await json("POST", `${url}/v1/webhook-endpoints`, { url: address, event_types: ["*"], enabled: false }),
  );
  return {
    async enable(on) {
      await json("PATCH", `${url}/v1/webhook-endpoints/${made.id}`, { enabled: on });
    },
    async stop() {
      await json("PATCH", `${url}/v1/webhook-endpoints/${made.id}`, { enabled: false });
      server.close();
    },
  };
}
