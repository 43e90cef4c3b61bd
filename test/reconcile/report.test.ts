import { execFile } from "node:child_process";
import { promisify } from "node:util";
import pg from "pg";
import Stripe from "stripe";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPool } from "../../src/db/pool.ts";
import { createLog } from "../../src/log.ts";
import { runReport } from "../../src/reconcile/report.ts";
import type { GapDeps } from "../../src/reconcile/gaps.ts";
import { builtEntry } from "../helpers/built.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let db: pg.Client;
let stripe: Stripe;
beforeAll(async () => {
  service = await startTestService({
    RECONCILE_EVERY_S: "3600",
    API_KEYS: "dev:admin:ck_dev,dev:viewer:ck_viewer,other:admin:ck_other",
  });
  db = new pg.Client(service.databaseUrl);
  await db.connect();
  const { hostname, port } = new URL(service.providerUrl ?? "");
  stripe = new Stripe("sk_test_mock", { host: hostname, port, protocol: "http" });
});
afterAll(async () => {
  await db?.end();
  await service?.end();
});

interface Report {
  id: string;
  status: string;
  checked: number;
  differences: { order_id: string; field: string; ours: unknown; provider: unknown; repaired: boolean }[];
}

async function reported(): Promise<Report> {
  const { status, body } = await service.call<Report>("POST", "/v1/reconciliations", {});
  expect(status).toBe(202);
  return service.until(
    async () => (await service.call<Report>("GET", `/v1/reconciliations/${body.id}`)).body,
    (report) => report.status !== "running",
  );
}

const chaos = (drop: number) =>
  fetch(`${service.providerUrl}/_mock/chaos`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ seed: 1, drop }),
  });

test("a report lists what differs, and tells each order what the provider says", async () => {
  const agreed = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
  const refunded = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
  const disputed = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
  await chaos(1);
  const paid = await service.create();
  await service.pay(paid);
  await stripe.refunds.create({ payment_intent: refunded.payment.id ?? "", amount: 250 });
  await fetch(`${service.providerUrl}/_mock/payment_intents/${disputed.payment.id}/dispute`, {
    method: "POST",
    body: "{}",
  });
  const report = await reported();
  await chaos(0);
  expect(report).toMatchObject({ status: "finished", checked: 4 });
  expect(new Map(report.differences.map((d) => [d.order_id, d]))).toEqual(
    new Map(
      [
        { order_id: paid.id, field: "captured", ours: 0, provider: 1250 },
        { order_id: refunded.id, field: "refunded", ours: 0, provider: 250 },
        { order_id: disputed.id, field: "disputed", ours: 0, provider: 1250 },
      ].map((d) => [d.order_id, { ...d, reference: "PO-1001", currency: "usd", repaired: true }]),
    ),
  );
  expect(await service.order(agreed.id)).toMatchObject({ status: "completed" });
  expect(await service.order(paid.id)).toMatchObject({ status: "completed" });
  expect(await service.order(refunded.id)).toMatchObject({ status: "partially_refunded" });
  expect(await service.order(disputed.id)).toMatchObject({ status: "disputed" });
  expect((await reported()).differences).toEqual([]);
});

test("the command prints what is left, and fails as long as something is", async () => {
  const order = await service.create({ payment: { mode: "confirm", payment_method: "pm_card_visa" } });
  const agree = await reconcile();
  expect(agree.code).toBe(0);
  expect(agree.stdout).toContain("all agree");
  await db.query(
    `update countersign.orders set state = jsonb_set(state, '{payment,id}', '"pi_of_nobody"') where id = $1`,
    [order.id],
  );
  const { code, stdout } = await reconcile();
  expect(code).toBe(1);
  expect(stdout).toContain(`differs   ${order.id}  PO-1001  payment: ours pi_of_nobody, provider nothing`);
  expect(stdout).toContain("1 difference is left, 0 repaired");
  await db.query(`update countersign.orders set updated_at = now() - interval '9 days' where id = $1`, [
    order.id,
  ]);
  expect(await reconcile("--since", "1d")).toMatchObject({ code: 0 });
  const refused = await reconcile("--since", "yesterday");
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("--since: write 3d, 12h, 30m");
}, 60_000);

test("reports are their tenant's, and starting one needs role finance", async () => {
  const { id } = await reported();
  const other = { authorization: "Bearer ck_other" };
  expect((await service.call("GET", `/v1/reconciliations/${id}`, undefined, other)).status).toBe(404);
  const lists = await service.call<{ data: Report[] }>("GET", "/v1/reconciliations", undefined, other);
  expect(lists.body.data).toEqual([]);
  const viewer = { authorization: "Bearer ck_viewer" };
  expect((await service.call("POST", "/v1/reconciliations", {}, viewer)).status).toBe(403);
  const bad = await service.call("POST", "/v1/reconciliations", { since: "yesterday" });
  expect(bad).toMatchObject({ status: 400, body: { errors: [{ path: "since" }] } });
});

async function reconcile(...args: string[]) {
  const run = promisify(execFile)(
    process.execPath,
    [...builtEntry("cli"), "reconcile", "--url", service.url, ...args],
    { env: { ...process.env, NO_COLOR: "1" } },
  );
  return run
    .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }))
    .catch((error: { code: number; stdout: string; stderr: string }) => error);
}

test("a report that loses its database ends, and takes nothing else along", async () => {
  const log = createLog("silent");
  const pool = createPool({ url: "postgres://nobody@127.0.0.1:1/none", max: 1, log });
  const deps = { pool, log } as unknown as GapDeps;
  const report = { id: "rec_lost", tenant: "dev", since: new Date(), allEvents: false };
  await expect(runReport(deps, report, new AbortController().signal)).resolves.toEqual([]);
  await pool.end();
});
