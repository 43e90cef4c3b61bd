import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { deliver, event, intentOf, randomId } from "../inbox/provider-events.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

const ROLES = ["viewer", "support", "finance", "admin"] as const;
type Role = (typeof ROLES)[number];

interface Shown {
  id: string;
  type: string;
  state: string;
  reason: string | null;
  event_id: string;
  order_id: string | null;
  recovered: boolean;
}
interface Page {
  data: Shown[];
  has_more: boolean;
  next_cursor: string | null;
}
interface Whole extends Shown {
  headers: Record<string, string>;
  body: unknown;
  masked: boolean;
  body_base64?: string;
  order_url: string | null;
  entries: { seq: number; id: string; type: string; at: string; url: string }[];
}

let service: TestService;
let order: OrderView;
beforeAll(async () => {
  const keys = ROLES.filter((role) => role !== "admin").map((role) => `dev:${role}:ck_${role}`);
  service = await startTestService({ API_KEYS: `dev:admin:ck_dev:dev@example.com,${keys.join(",")}` });
  order = await service.create({ payment: { mode: "client" } });
});
afterAll(() => service?.end());

const as = <T>(role: Role, method: string, path: string, body?: unknown) =>
  service.call<T>(method, path, body, {
    authorization: `Bearer ${role === "admin" ? "ck_dev" : `ck_${role}`}`,
  });
const list = async (query: Record<string, string>): Promise<Shown[]> =>
  (await as<Page>("admin", "GET", `/v1/webhooks/inbox?${new URLSearchParams(query).toString()}`)).body.data;
const find = async (event_id: string): Promise<Shown> => {
  const [found] = await list({ event_id });
  if (!found) throw new Error(`${event_id} is not in the inbox`);
  return found;
};
const read = async (role: Role, id: string, query = "") =>
  (await as<Whole>(role, "GET", `/v1/webhooks/inbox/${id}${query}`)).body;

const PERSONAL = {
  name: "Ada Byron",
  email: "ada.byron@example.com",
  phone: "+44 20 7946 0000",
  line: "12 St James's Square",
  city: "London",
  last4: "4242",
  words: "for the lady of the house",
  secret: "pi_secret_of_hers",
};
const charged = (payment: string | null) =>
  event("charge.succeeded", {
    ...{ id: randomId("ch"), object: "charge", amount: 1250, amount_captured: 1250, amount_refunded: 0 },
    ...{ captured: true, currency: "usd", status: "succeeded", payment_intent: payment },
    billing_details: {
      ...{ name: PERSONAL.name, email: PERSONAL.email, phone: PERSONAL.phone },
      address: { line1: PERSONAL.line, city: PERSONAL.city, country: "GB", line2: null },
    },
    client_secret: PERSONAL.secret,
    description: PERSONAL.words,
    payment_method_details: { card: { brand: "visa", last4: PERSONAL.last4, exp_month: 12 } },
    statement: `paid by ${PERSONAL.email} at the till`,
    metadata: { order_id: order.id, gift_for: PERSONAL.name },
  });

describe("an inspector of what was received", () => {
  test("finds webhooks by each field, and by all of them", async () => {
    const told = event("payment_intent.processing", intentOf(order));
    const other = event("customer.created", { object: "customer", id: "cus_1" });
    for (const each of [told, other]) expect(await deliver(service.url, each)).toBe(204);
    const mine = await find(told.id);
    const fits: Record<string, string> = {
      ...{ state: "routed", provider: "stripe", type: "payment_intent.processing" },
      ...{ order_id: order.id, event_id: told.id },
      received_after: new Date(Date.now() - 60_000).toISOString(),
      received_before: new Date(Date.now() + 60_000).toISOString(),
    };
    expect(await list(fits)).toEqual([mine]);
    const others: Record<string, string> = {
      ...{ state: "failed", provider: "standard", type: "charge.refunded" },
      ...{ order_id: "ord_00000000000000000000000000", event_id: "evt_none" },
      received_after: new Date(Date.now() + 60_000).toISOString(),
      received_before: new Date(Date.now() - 60_000).toISOString(),
    };
    for (const [name, value] of Object.entries(fits)) {
      expect(
        (await list({ [name]: value })).map(({ id }) => id),
        name,
      ).toContain(mine.id);
      expect(await list({ ...fits, [name]: others[name] ?? "" }), name).toEqual([]);
    }
  });

  test("pages that stand though more comes in", async () => {
    const sent = [];
    for (let i = 0; i < 5; i++) {
      const each = event("paging.test", { object: "charge_like", id: `x_${i}` });
      await deliver(service.url, each);
      sent.unshift(each.id);
    }
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const query = new URLSearchParams({ type: "paging.test", limit: "2", ...(cursor ? { cursor } : {}) });
      const page: Page = (await as<Page>("admin", "GET", `/v1/webhooks/inbox?${query.toString()}`)).body;
      seen.push(...page.data.map((row) => row.event_id));
      cursor = page.next_cursor;
      await deliver(service.url, event("paging.test", { object: "charge_like", id: "late" }));
    }
    expect(seen).toEqual(sent);
  });

  test("shows what an event did, and where in the order's trail", async () => {
    const fresh = await service.create({ payment: { mode: "client" } });
    const seen = event("payment_intent.requires_action", intentOf(fresh, { status: "requires_action" }));
    await deliver(service.url, seen);
    const whole = await service.until(
      async () => read("support", (await find(seen.id)).id),
      ({ entries }) => entries.length > 0,
    );
    expect(whole).toMatchObject({ order_id: fresh.id, order_url: `/v1/orders/${fresh.id}` });
    for (const entry of whole.entries) {
      const { data } = (await as<{ data: Record<string, unknown>[] }>("viewer", "GET", entry.url)).body;
      expect(data).toMatchObject([
        { seq: entry.seq, id: entry.id, type: entry.type, data: { source: `webhook ${seen.id}` } },
      ]);
    }
    expect(whole.entries.map(({ type }) => type)).toContain("payment.requires_action");
    expect((await as("viewer", "GET", whole.order_url ?? "")).status).toBe(200);
  });
});

describe("personal data in a webhook", () => {
  test("is shown to finance and admin, and to others only that it is there", async () => {
    const sent = charged(order.payment.id);
    await deliver(service.url, sent);
    const { id } = await find(sent.id);
    for (const role of ["finance", "admin"] as const) {
      const whole = await read(role, id);
      expect(whole).toMatchObject({ masked: false });
      expect(whole.body).toEqual(sent);
    }
    for (const role of ["viewer", "support"] as const) {
      const whole = await read(role, id);
      const text = JSON.stringify(whole);
      for (const personal of Object.values(PERSONAL)) expect(text).not.toContain(personal);
      expect(whole).toMatchObject({ masked: true });
      // What it is about stays readable.
      expect(whole.body).toMatchObject({
        id: sent.id,
        type: "charge.succeeded",
        data: {
          object: {
            ...{
              amount: 1250,
              currency: "usd",
              payment_intent: order.payment.id,
              metadata: { order_id: order.id },
            },
            billing_details: { name: "•••", address: { country: "GB", line2: null } },
            payment_method_details: { card: { brand: "visa", last4: "•••" } },
          },
        },
      });
    }
  });

  test("as raw bytes is for finance and admin alone", async () => {
    const sent = charged(order.payment.id);
    await deliver(service.url, sent);
    const { id } = await find(sent.id);
    const { body_base64 } = await read("finance", id, "?raw=true");
    expect(Buffer.from(body_base64 ?? "", "base64").toString()).toBe(JSON.stringify(sent));
    for (const role of ["viewer", "support"] as const)
      expect(await as(role, "GET", `/v1/webhooks/inbox/${id}?raw=true`)).toMatchObject({ status: 403 });
    expect((await as("admin", "GET", `/v1/webhooks/inbox/${id}?raw=maybe`)).status).toBe(400);
  });
});

describe("replaying many", () => {
  test("is counted first, goes on page by page, and is idempotent", async () => {
    // As many as were parked in an outage, say.
    const db = new pg.Client(service.databaseUrl);
    await db.connect();
    await db.query(
      `insert into countersign.inbound_webhooks
              (id, provider, event_id, type, state, headers, body, received_at)
       select 'whi_0000000001' || lpad(n::text, 16, '0'), 'stripe', 'evt_many_' || n, 'many.test', 'ignored', '{}',
              convert_to('{"id":"evt_many_' || n || '","object":"event","type":"many.test","data":{"object":{"object":"x"}}}', 'UTF8'),
              now() from generate_series(1, 620) n`,
    );
    const filter = { type: "many.test" };
    const replay = async (body: object) =>
      (await as<Record<string, unknown>>("admin", "POST", "/v1/webhooks/inbox/replay", body)).body;
    expect(await replay({ filter, dry_run: true })).toMatchObject({
      matched: 620,
      replayed: 0,
      has_more: false,
    });
    const first = await replay({ filter });
    expect(first).toMatchObject({ replayed: 500, has_more: true, states: { ignored: 500 } });
    const second = await replay({ filter, cursor: first["next_cursor"] });
    expect(second).toMatchObject({ replayed: 120, has_more: false, next_cursor: null });
    const { rows } = await db.query<{ attempts: number; n: number }>(
      "select attempts, count(*)::int as n from countersign.inbound_webhooks where type = 'many.test' group by 1",
    );
    await db.end();
    expect(rows).toEqual([{ attempts: 2, n: 620 }]);
  });

  test("is for admins", async () => {
    for (const role of ["viewer", "support", "finance"] as const)
      expect(
        await as(role, "POST", "/v1/webhooks/inbox/replay", { filter: { state: "parked" }, dry_run: true }),
      ).toMatchObject({ status: 403 });
  });
});
