import { setTimeout as sleep } from "node:timers/promises";
import type { OrderView } from "../../src/domain/order-view.ts";
import type { Stage } from "./stage.ts";
import type { People } from "./stories.ts";

/**
 * People who do not know that anything was killed: whatever is not answered, or answered with "not now", is sent again
 * with its key. `signal` ends their patience.
 */
export function patientPeople(stage: Stage, reference: string, signal: AbortSignal): People {
  let keys = 0;

  async function insist(url: string, init: RequestInit): Promise<Response> {
    for (;;) {
      signal.throwIfAborted();
      try {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(15_000)]);
        const response = await fetch(url, { ...init, signal: limit });
        if (response.status < 500 && response.status !== 409 && response.status !== 429) return response;
        const body = await response.text();
        // A conflict that stays is an answer.
        if (response.status === 409 && !body.includes("idempotency_in_progress"))
          return new Response(body, { status: 409 });
      } catch {
        signal.throwIfAborted();
      }
      await sleep(50);
    }
  }

  async function post(path: string, body: unknown): Promise<unknown> {
    const headers = {
      authorization: "Bearer ck_dev",
      "content-type": "application/json",
      "idempotency-key": `${reference}:${++keys}`,
    };
    const response = await insist(stage.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  async function read(id: string): Promise<OrderView> {
    const headers = { authorization: "Bearer ck_dev" };
    const response = await insist(`${stage.url}/v1/orders/${id}`, { headers });
    if (!response.ok) throw new Error(`${id}: ${response.status} ${await response.text()}`);
    return (await response.json()) as OrderView;
  }

  async function until(id: string, found: (view: OrderView) => boolean): Promise<OrderView> {
    for (;;) {
      const view = await read(id);
      if (found(view)) return view;
      await sleep(50);
    }
  }

  /** The link that an approver was mailed, as soon as it has come. */
  async function mailedLink(): Promise<string> {
    for (;;) {
      signal.throwIfAborted();
      const asked = (await stage.mails()).find(({ subject }) => subject.endsWith(`for ${reference}?`));
      const link = asked?.links.find((each) => each.includes("/a/"));
      if (link !== undefined) return link;
      await sleep(100);
    }
  }

  return {
    create: async (order) =>
      (await post("/v1/orders", { requested_by: "sam@example.com", reference, ...order })) as OrderView,
    async post(path, body) {
      await post(path, body);
    },
    async pay(order) {
      const { payment } = await until(order.id, (view) => view.payment.session_id !== null);
      const response = await insist(`${stage.providerUrl}/_mock/checkout/${payment.session_id}/pay`, {
        method: "POST",
        headers: { authorization: `Bearer ${stage.providerKey}`, "content-type": "application/json" },
        body: JSON.stringify({ payment_method: "pm_card_visa" }),
      });
      await response.text();
    },
    async decide(_order, decision) {
      const body = new URLSearchParams({ decision, comment: "as agreed" });
      await (await insist(await mailedLink(), { method: "POST", body })).text();
    },
    until: (order, found) => until(order.id, found),
  };
}
