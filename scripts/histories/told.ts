import { setTimeout as sleep } from "node:timers/promises";

/** Where each order was left, by its reference, and the links that were mailed. */
export interface Told {
  orders: { id: string; reference: string; status: string; entries: number }[];
  /** Path of a mailed link, by what its mail asks for. */
  links: Record<string, string>;
  approvals: { id: string; title: string }[];
}

interface Order {
  id: string;
  reference: string;
  status: string;
  audit: { entries: number };
  payment: { session_id: string | null };
}

/** Leaves orders and approvals in as many states as there are ways on from. Speaks only what every release speaks. */
export async function tell(url: string, providerUrl: string): Promise<Told> {
  let keys = 0;
  const headers = () => ({
    authorization: "Bearer ck_dev",
    "content-type": "application/json",
    "idempotency-key": `history-${++keys}`,
  });
  const post = async <T>(path: string, body: unknown): Promise<T> => {
    const init = { method: "POST", headers: headers(), body: JSON.stringify(body) };
    const response = await fetch(url + path, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const read = async (id: string): Promise<Order> =>
    (await (await fetch(`${url}/v1/orders/${id}`, { headers: headers() })).json()) as Order;
  const reached = async (id: string, status: string): Promise<Order> => {
    for (let i = 0; i < 400; i++, await sleep(50)) {
      const order = await read(id);
      if (order.status === status) return order;
    }
    throw new Error(`${id} does not become ${status}`);
  };
  const mailed = async (subject: string): Promise<string> => {
    for (let i = 0; i < 400; i++, await sleep(50)) {
      const mails = (await (await fetch(`${url}/dev/mailbox.json`)).json()) as {
        subject: string;
        links: string[];
      }[];
      const link = mails
        .find((mail) => mail.subject.includes(subject))
        ?.links.find((each) => each.includes("/a/"));
      if (link !== undefined) return new URL(link).pathname;
    }
    throw new Error(`nobody is mailed about ${subject}`);
  };
  const create = (reference: string, more: Record<string, unknown>) =>
    post<Order>("/v1/orders", {
      reference,
      amount: 1250,
      currency: "usd",
      requested_by: "sam@example.com",
      customer: { email: "buyer@example.com", name: "Ada" },
      ...more,
    });
  const pay = async ({ payment }: Order) => {
    const path = `${providerUrl}/_mock/checkout/${payment.session_id}/pay`;
    const body = JSON.stringify({ payment_method: "pm_card_visa" });
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    if (!response.ok) throw new Error(`pay: ${response.status} ${await response.text()}`);
  };
  const confirm = (payment_method: string) => ({ payment: { mode: "confirm", payment_method } });

  const orders: Order[] = [];
  const links: Told["links"] = {};
  orders.push(await create("PO-waits-for-payment", {}));
  const asked = await create("PO-waits-for-approval", { amount: 125_000 });
  await pay(asked);
  links["PO-waits-for-approval"] = await mailed("PO-waits-for-approval");
  orders.push(await reached(asked.id, "awaiting_approval"));
  const high = await create("PO-waits-for-second-gate", { amount: 1_250_000 });
  await pay(high);
  const first = await mailed("PO-waits-for-second-gate");
  await fetch(url + first, { method: "POST", body: new URLSearchParams({ decision: "approve" }) });
  await reached(high.id, "awaiting_approval");
  links["PO-waits-for-second-gate"] = await secondLink(url, "PO-waits-for-second-gate");
  orders.push(await read(high.id));
  const manual = await create("PO-waits-for-capture", { payment: { mode: "checkout", capture: "manual" } });
  await pay(manual);
  orders.push(await reached(manual.id, "authorized"));
  const declined = await create("PO-declined", confirm("pm_card_visa_chargeDeclined"));
  orders.push(await reached(declined.id, "payment_failed"));
  const done = await create("PO-completed", confirm("pm_card_visa"));
  orders.push(await reached(done.id, "completed"));
  const refunded = await create("PO-partly-refunded", confirm("pm_card_visa"));
  await reached(refunded.id, "completed");
  await post(`/v1/orders/${refunded.id}/refunds`, { amount: 250, reason: "a part came broken" });
  orders.push(await reached(refunded.id, "partially_refunded"));
  const alone = await post<{ id: string }>("/v1/approvals", {
    title: "Lease of the warehouse",
    requested_by: "sam@example.com",
    gates: [{ approvers: ["cfo@example.com"] }],
  });
  links["Lease of the warehouse"] = await mailed("Lease of the warehouse");
  // What follows a transition, such as reports and mails, comes to rest.
  await sleep(2_000);
  return {
    orders: await Promise.all(
      orders.map(async ({ id }) => {
        const { reference, status, audit } = await read(id);
        return { id, reference, status, entries: audit.entries };
      }),
    ),
    links,
    approvals: [{ id: alone.id, title: "Lease of the warehouse" }],
  };
}

/** The link of the second gate's approver, who is mailed after the first gate. */
async function secondLink(url: string, reference: string): Promise<string> {
  for (let i = 0; i < 400; i++, await sleep(50)) {
    const answer = await fetch(`${url}/dev/mailbox.json?to=cfo@example.com`);
    const mails = (await answer.json()) as { subject: string; links: string[] }[];
    const link = mails
      .find((mail) => mail.subject.includes(reference))
      ?.links.find((each) => each.includes("/a/"));
    if (link !== undefined) return new URL(link).pathname;
  }
  throw new Error(`nobody is asked at the second gate of ${reference}`);
}
