import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { replay } from "../../scripts/replay/replay.ts";
import { exportInbox } from "../../src/cli/inbox-export.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { createDatabase } from "../helpers/database.ts";
import { freePort, startProcess } from "../helpers/process.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { deliver, event, intent, randomId } from "../inbox/provider-events.ts";

/** Where it happened. */
let service: TestService;
let target: { url: string; key: string };
let out: string;
beforeAll(async () => {
  service = await startTestService();
  target = { url: service.url, key: "ck_dev" };
  out = await mkdtemp(join(tmpdir(), "countersign-export-"));
});
afterAll(async () => {
  await service?.end();
  await rm(out, { recursive: true, force: true });
});

/** Another installation, with a database and a provider of its own; one process has one engine. */
async function startElsewhere() {
  const [database, port, providerPort, dataDir] = await Promise.all([
    createDatabase(),
    freePort(),
    freePort(),
    mkdtemp(join(tmpdir(), "countersign-elsewhere-")),
  ]);
  const process = await startProcess({
    ...{ PORT: String(port), PROVIDER_PORT: String(providerPort) },
    ...{ DATABASE_URL: database.url, DATA_DIR: dataDir, LOG_LEVEL: "error" },
  });
  return {
    url: `http://127.0.0.1:${port}`,
    async end() {
      await process?.end();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const CUSTOMER = { email: "erin.example@example.com", name: "Erin Example" };

const refund = (id: string, amount: number) =>
  service.call("POST", `/v1/orders/${id}/refunds`, { amount, reason: "one was broken" });

/** Quiet once no webhook of it has come for a while: what is exported is all there is. */
async function settled(id: string): Promise<OrderView> {
  let seen = "";
  await service.until(
    async () => {
      const look = async () =>
        JSON.stringify([
          await service.order(id),
          (await service.call("GET", `/v1/webhooks/inbox?order_id=${id}&limit=100`)).body,
        ]);
      const last = seen;
      seen = await look();
      await new Promise((done) => setTimeout(done, 500));
      return last === seen;
    },
    (same) => same,
    20_000,
  );
  return service.order(id);
}

async function stories(): Promise<OrderView[]> {
  const customer = CUSTOMER;
  const refunded = await service.create({ reference: "PO-export-1", customer, description: "for Erin" });
  await service.pay(refunded);
  await service.reached(refunded.id, "completed");
  await refund(refunded.id, 200);
  await refund(refunded.id, 300);
  const confirm = { mode: "confirm", payment_method: "pm_card_visa" };
  const confirmed = await service.create({ reference: "PO-export-2", customer, payment: confirm });
  const approved = await service.create({ reference: "PO-export-3", customer, amount: 125_000 });
  await service.pay(approved);
  const mail = await service.mail("finance@example.com", ({ subject }) => subject.includes("PO-export-3"));
  await service.decide(mail.links[0] ?? "", "approve", "as agreed");
  await service.reached(approved.id, "completed");
  const declined = await service.create({ reference: "PO-export-4", customer });
  await service.pay(declined, "pm_card_chargeDeclined");
  return Promise.all([refunded, confirmed, approved, declined].map(({ id }) => settled(id)));
}

const files = async (directory: string): Promise<Map<string, string>> => {
  const names = (await readdir(directory, { recursive: true }))
    .filter((name) => name.endsWith(".json"))
    .sort();
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, string]> => [
        name,
        await readFile(join(directory, name), "utf8"),
      ]),
    ),
  );
};

const money = ({ status, payment }: { status: string; payment: Record<string, unknown> }) => ({
  status,
  captured: payment["amount_captured"],
  refunded: payment["amount_refunded"],
});

describe("what happened there happens here", () => {
  test(
    "an export, played on a new database, brings every order to the same end",
    { timeout: 120_000 },
    async () => {
      const orders = await stories();
      expect(orders.map(({ status }) => status)).toEqual([
        "partially_refunded",
        "completed",
        "completed",
        "payment_failed",
      ]);
      const before = new Date(Date.now() + 1_000).toISOString();
      const plain = { filter: { received_before: before }, keepPersonal: false, onProgress: () => {} };
      const asIs = await exportInbox(target, { ...plain, out: join(out, "as-is"), remap: false });
      const renamed = await exportInbox(target, { ...plain, out: join(out, "renamed"), remap: true });
      expect(asIs.skipped).toEqual([]);
      expect(asIs.orders.map(({ order_id }) => order_id)).toEqual(orders.map(({ id }) => id).sort());

      const elsewhere = await startElsewhere();
      try {
        for (const [name, report] of Object.entries({ "as-is": asIs, renamed })) {
          const played = await replay({ url: elsewhere.url, paths: [join(out, name)], set: name });
          expect([...played.events, ...played.orders].filter(({ ok }) => !ok)).toEqual([]);
          const ends = new Map(
            played.orders.map(({ scenario, status, amount_captured, amount_refunded }) => [
              scenario,
              money({ status, payment: { amount_captured, amount_refunded } }),
            ]),
          );
          for (const { order_id, scenario } of report.orders) {
            const there = orders.find(({ id }) => id === order_id);
            expect(ends.get(scenario), scenario).toEqual(
              there && money({ ...there, payment: { ...there.payment } }),
            );
          }
        }
      } finally {
        await elsewhere.end();
      }
    },
  );

  test("nothing personal and nothing secret is in it", async () => {
    for (const [name, text] of await files(join(out, "as-is"))) {
      for (const personal of [...Object.values(CUSTOMER), "for Erin", "Erin"])
        expect(text, name).not.toContain(personal);
      expect(text, name).not.toMatch(/stripe-signature|v1=|_secret_(?!masked)|"last4": "(?!0000)\d/i);
    }
  });

  test("with other ids none of the provider's is left, and equal ones are equal", async () => {
    const ids = (text: string) =>
      [...text.matchAll(/\b(?:evt|pi|ch|re|pm|txn)_(?=[a-z]*[A-Z0-9])\w{8,}/g)].map(([id]) => id);
    const [plain, other] = [await files(join(out, "as-is")), await files(join(out, "renamed"))];
    const before = new Set([...plain.values()].flatMap(ids));
    const after = new Set([...other.values()].flatMap(ids));
    expect(before.size).toBeGreaterThan(10);
    expect(after.size).toBe(before.size);
    expect([...after].filter((id) => before.has(id))).toEqual([]);
  });

  test("personal data stays where it is asked for", async () => {
    const [first] = (await service.call<{ data: OrderView[] }>("GET", "/v1/orders?reference=PO-export-1"))
      .body.data;
    const directory = join(out, "personal");
    await exportInbox(target, {
      ...{ filter: { order_id: first?.id ?? "" }, out: directory, keepPersonal: true, remap: false },
      onProgress: () => {},
    });
    const text = [...(await files(directory)).values()].join("");
    expect(text).toContain(CUSTOMER.email);
    expect(text).not.toMatch(/stripe-signature|_secret_(?!masked)/);
  });
});

test("webhooks of no order are exported beside them, and what cannot be masked is left out and said so", async () => {
  const lone = event("payment_intent.created", intent(randomId("pi")));
  await deliver(service.url, lone);
  const directory = join(out, "loose");
  const report = await exportInbox(target, {
    ...{ filter: { state: "parked" }, out: directory, keepPersonal: false, remap: false },
    onProgress: () => {},
  });
  expect(report).toMatchObject({ orders: [], loose: 1, skipped: [] });
  const [file] = await files(directory);
  expect(file?.[0]).toBe("webhooks/of-no-order/01-payment_intent.created.json");
  expect(JSON.parse(file?.[1] ?? "")).toMatchObject({ body: { id: lone.id } });
});

test("a filter that nothing matches is said", async () => {
  const none = exportInbox(target, {
    ...{ filter: { event_id: "evt_none" }, out: join(out, "none"), keepPersonal: false, remap: false },
    onProgress: () => {},
  });
  await expect(none).rejects.toThrow("No received webhook matches");
});
