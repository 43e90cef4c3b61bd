import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import canonicalize from "canonicalize";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyFile } from "../../src/cli/verify.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { openDesk, type Desk } from "../e2e/life/desk.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { tablesWith } from "./tables.ts";

let service: TestService;
let desk: Desk;
let db: pg.Client;
beforeAll(async () => {
  service = await startTestService({
    API_KEYS: "dev:admin:ck_dev:dev@example.com,dev:finance:ck_finance:finance@example.com",
  });
  desk = openDesk(service);
  db = new pg.Client(service.databaseUrl);
  await db.connect();
});
afterAll(async () => {
  await db.end();
  await service.end();
});

const CUSTOMER = { email: "erase.me@example.com", name: "Ada Forgettable" };
const WORDS = {
  description: "Gift for her daughter Mina",
  item: "engraved for Mina",
  metadata: "birthday of Mina",
  note: "called, sounded upset",
  comment: "known to us since school",
  reason: "the ring does not fit her finger",
  second: "and neither does the chain",
};
const PERSONAL = [...Object.values(CUSTOMER), ...Object.values(WORDS)];

/** The contract's own words, over what the API returns. */
const hashOf = ({ hash: _, ...entry }: Record<string, unknown>): string =>
  createHash("sha256")
    .update(canonicalize(entry) ?? "")
    .digest("hex");

interface Page {
  data: (Record<string, unknown> & { id: string; type: string; hash: string; prev_hash: string })[];
  personal: Record<string, Record<string, string | null>>;
}
const page = async (id: string): Promise<Page> =>
  (await service.call<Page>("GET", `/v1/orders/${id}/audit?limit=100`)).body;

const exported = async (id: string, query = "", accept = "application/x-ndjson"): Promise<string> =>
  (
    await fetch(`${service.url}/v1/orders/${id}/audit?${query}`, {
      headers: { authorization: "Bearer ck_dev", accept },
    })
  ).text();

async function verified(text: string) {
  const folder = await mkdtemp(join(tmpdir(), "countersign-personal-"));
  try {
    await writeFile(join(folder, "trail.ndjson"), text);
    return (await verifyFile(join(folder, "trail.ndjson"))).result;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const body = {
  reference: "PO-erase",
  amount: 125_000,
  currency: "usd",
  description: WORDS.description,
  customer: CUSTOMER,
  requested_by: "sam@example.com",
  items: [{ sku: "ring", quantity: 1, unit_amount: 125_000, description: WORDS.item }],
  metadata: { occasion: WORDS.metadata },
};
const CREATE = { "idempotency-key": "create-the-order-to-erase" };

/** An order with everything that people can write about it, to its end: paid, approved, and twice refunded in part. */
async function story(): Promise<OrderView> {
  const created = (await service.call<OrderView>("POST", "/v1/orders", body, CREATE)).body;
  await service.pay(created);
  await service.reached(created.id, "awaiting_approval");
  await desk.send(created.id, "note", { text: WORDS.note });
  const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-erase"));
  await service.decide(mail.links[0] ?? "", "approve", WORDS.comment);
  const cfo = await service.mail("cfo@example.com", (m) => m.subject.includes("PO-erase")).catch(() => null);
  if (cfo) await service.decide(cfo.links[0] ?? "", "approve", WORDS.comment);
  await service.reached(created.id, "completed");
  await desk.refund(created.id, 1_000, WORDS.reason);
  await service.reached(created.id, "partially_refunded");
  await desk.refund(created.id, 500, WORDS.second);
  return service.until(
    () => service.order(created.id),
    ({ payment }) => payment.amount_refunded === 1_500,
  );
}

const erase = (id: string, reason = "asked for by mail", headers: Record<string, string> = {}) =>
  service.call("POST", `/v1/orders/${id}/erase`, { reason }, headers);

test("what a person asks to have erased is nowhere any more, and the trail is as valid as before", async () => {
  const order = await story();
  const before = await page(order.id);
  const found = await tablesWith(db, PERSONAL);
  // Otherwise nothing would be proven below.
  for (const table of ["orders", "audit_personal", "approvals", "idempotency_keys", "inbound_webhooks"])
    expect(found).toContain(`countersign.${table}`);
  expect(found).not.toContain("dbos.streams");

  const erased = await service.until(
    () => erase(order.id, "asked for by mail", { "idempotency-key": "erase-it" }),
    ({ status }) => status === 200,
  );
  expect(erased.body).toMatchObject({
    object: "erasure",
    order_id: order.id,
    status: "finished",
    by: "dev@example.com",
    webhooks: expect.any(Number) as number,
    found: { approvals: expect.any(Number) as number, entries_kept: 0 },
  });
  expect(erased.body["webhooks"]).toBeGreaterThan(3);
  expect(await tablesWith(db, PERSONAL)).toEqual([]);

  const after = await page(order.id);
  expect(after.data.slice(0, before.data.length)).toEqual(before.data);
  expect(after.data.slice(before.data.length).map(({ type }) => type)).toEqual([
    "order.erased",
    "order.erasure_finished",
  ]);
  for (const entry of after.data) expect(hashOf(entry)).toBe(entry.hash);
  const { body: verdict } = await service.call("GET", `/v1/orders/${order.id}/audit/verify`);
  expect(verdict).toMatchObject({ valid: true, entries: after.data.length });
  for (const [id, values] of Object.entries(before.personal)) {
    expect(Object.values(values)).not.toContain(null);
    expect(Object.values(after.personal[id] ?? {})).toEqual(Object.keys(values).map(() => null));
  }

  const shown = await service.order(order.id);
  expect(shown).toMatchObject({
    status: "partially_refunded",
    amount: 125_000,
    customer: { email: null, name: null },
    description: null,
    metadata: {},
    requested_by: "sam@example.com",
    erased_at: expect.any(String) as string,
  });
  expect(shown.approvals.flatMap(({ votes }) => votes.map(({ approver }) => approver))).toContain(
    "finance@example.com",
  );
  expect(await exported(order.id, "", "text/csv")).toContain("(erased)");
  for (const query of ["", "proof=true"])
    expect(await verified(await exported(order.id, query))).toMatchObject({ valid: true });
}, 60_000);

test("repeated requests are answered as ever, without what was erased", async () => {
  const again = await service.call<OrderView>("POST", "/v1/orders", body, CREATE);
  expect(again.status).toBe(201);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(again.body).toMatchObject({
    amount: 125_000,
    customer: { email: null, name: null },
    description: null,
  });
  const erasure = await erase(again.body.id, "asked for by mail", { "idempotency-key": "erase-it" });
  expect(erasure.status).toBe(200);
  expect(erasure.headers.get("idempotent-replayed")).toBe("true");
  expect((await erase(again.body.id, "another reason", { "idempotency-key": "erase-it" })).status).toBe(422);
  expect(await tablesWith(db, PERSONAL)).toEqual([]);
});

test("a webhook that comes later brings nothing back", async () => {
  const { id } = (await service.call<OrderView>("POST", "/v1/orders", body, CREATE)).body;
  const { payment } = await service.order(id);
  const entries = (await page(id)).data.length;
  await desk.stripe.refunds.create({ payment_intent: payment.id ?? "", amount: 100 });
  await service.until(
    () => service.order(id),
    (order) => order.payment.amount_refunded === 1_600,
  );
  await desk.stripe.paymentIntents.update(payment.id ?? "", { receipt_email: CUSTOMER.email });
  const { body: inbox } = await service.call<{ data: { id: string; type: string }[] }>(
    "GET",
    "/v1/webhooks/inbox?limit=100",
  );
  const late = inbox.data.find(({ type }) => type === "charge.refunded");
  const { body: stored } = await service.call("GET", `/v1/webhooks/inbox/${late?.id}`);
  expect(JSON.stringify(stored["body"])).toContain("with the personal data of");
  expect((await page(id)).data.length).toBeGreaterThan(entries);
  expect(await tablesWith(db, PERSONAL)).toEqual([]);
  expect((await service.call("POST", `/v1/webhooks/inbox/${late?.id}/replay`)).body).toMatchObject({
    state: "routed",
  });
});

test("what is written after an erasure is kept beside the trail as before, and can be erased as well", async () => {
  const { id } = (await service.call<OrderView>("POST", "/v1/orders", body, CREATE)).body;
  await desk.send(id, "note", { text: "wrote once more: Mina" });
  await desk.told(id, "note", { text: "wrote once more: Mina" });
  await service.until(
    () => erase(id, "and again", { "idempotency-key": "erase-again" }),
    ({ status }) => status === 200,
  );
  expect(await tablesWith(db, ["wrote once more"])).toEqual([]);
  const { body: verdict } = await service.call("GET", `/v1/orders/${id}/audit/verify`);
  expect(verdict).toMatchObject({ valid: true });
});

test("a webhook that was being stored while the order was erased is erased as well", async () => {
  const { id } = await service.create({ ...body, reference: "PO-storing", amount: 900, items: undefined });
  await service.pay(await service.order(id));
  await service.reached(id, "completed");
  const storing = new pg.Client({
    connectionString: service.databaseUrl,
    application_name: "countersign-other",
  });
  await storing.connect();
  try {
    // It has read the order before the erasure, and stores what it has after it.
    await storing.query("begin");
    await storing.query("select state from countersign.orders where id = $1", [id]);
    const erased = erase(id);
    await service.until(
      async () => (await db.query("select from countersign.erasures where order_id = $1", [id])).rowCount,
      (begun) => begun === 1,
    );
    const copied = await storing.query(
      `insert into countersign.inbound_webhooks
       select (jsonb_populate_record(w, jsonb_build_object('id', 'whi_' || repeat('z', 26), 'event_id', 'evt_storing'))).*
         from countersign.inbound_webhooks w where order_id = $1 and strpos(encode(body, 'escape'), $2) > 0 limit 1`,
      [id, CUSTOMER.email],
    );
    expect(copied.rowCount).toBe(1);
    await storing.query("commit");
    expect((await erased).body).toMatchObject({ status: "finished" });
  } finally {
    await storing.end();
  }
  expect(await tablesWith(db, PERSONAL)).toEqual([]);
});

test("an order that is under way is not erased, and the answer says what to do first", async () => {
  const open = await service.create({ customer: CUSTOMER });
  const answer = await erase(open.id);
  expect(answer.status).toBe(409);
  expect(answer.body).toMatchObject({
    code: "conflict",
    detail: expect.stringContaining("cancel it, or wait until it has ended") as string,
  });
  expect((await service.order(open.id)).customer).toEqual(CUSTOMER);
  await service.call("POST", `/v1/orders/${open.id}/cancel`, { reason: "never mind, says Ada Forgettable" });
  await service.reached(open.id, "cancelled");
  await service.until(
    () => erase(open.id, "cancelled", { "idempotency-key": "erase-cancelled" }),
    ({ status }) => status === 200,
  );
  expect(await tablesWith(db, PERSONAL)).toEqual([]);
});

test("only an admin erases", async () => {
  const order = await service.create();
  expect((await erase(order.id, "x", { authorization: "Bearer ck_finance" })).status).toBe(403);
  expect((await erase("ord_00000000000000000000000000")).status).toBe(404);
  expect((await erase(order.id, "")).status).toBe(400);
  expect((await erase(order.id, "x", { "idempotency-key": "" })).status).toBe(400);
});
