import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";

const TRIES = 6;
const FIRST_RETRY_MS = 250;

export interface Endpoint {
  url: string;
  /** `whsec_` and base64. */
  secret: string;
}

/** Sends webhooks signed as Standard Webhooks, each by itself and again until it is answered with 2xx: in no order. */
export function createDeliveries(endpoint: () => Endpoint | null) {
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  const running = new Set<Promise<void>>();

  async function deliver(id: string, body: string): Promise<void> {
    for (let tries = 0; tries < TRIES && !stopping.signal.aborted; tries++) {
      const to = endpoint();
      if (to && (await post(to, id, body))) return;
      await sleep(FIRST_RETRY_MS * 2 ** tries, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  async function post({ url, secret }: Endpoint, id: string, body: string): Promise<boolean> {
    // Each attempt is signed anew, with the same id.
    const at = new Date();
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": new Webhook(secret).sign(id, at, body),
    };
    const response = await fetch(url, { method: "POST", headers, body, signal: stopping.signal }).catch(
      () => null,
    );
    return response?.ok ?? false;
  }

  return {
    send(type: string, data: unknown): void {
      const id = `msg_${randomBytes(12).toString("hex")}`;
      const sending = deliver(id, JSON.stringify({ type, timestamp: new Date().toISOString(), data }));
      running.add(sending);
      void sending.finally(() => running.delete(sending));
    },
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}
