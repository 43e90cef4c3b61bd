import { afterAll, beforeAll, expect, test } from "vitest";
import { figures, ledger, openStage, unrest, type Member, type Stage } from "./stage.ts";

let stage: Stage;
let api: Member;
let workers: Member[];

beforeAll(async () => {
  stage = await openStage();
  api = await stage.member();
  workers = [await stage.member(), await stage.member()];
  await Promise.all([
    api.start({ ROLE: "api" }),
    ...workers.map((worker) => worker.start({ ROLE: "worker", PUBLIC_URL: api.url })),
  ]);
}, 90_000);
afterAll(() => stage?.end());

const ORDERS = Number(process.env["ROLE_ORDERS"] ?? 20);

const runners = async () =>
  (
    await stage.sql.query<{ id: string; n: number }>(
      "select executor_id as id, count(*) as n from dbos.workflow_status group by 1 order by 1",
    )
  ).rows;

test(
  "one process takes requests and two others run what they begin, promptly",
  { timeout: 60_000 },
  async () => {
    const times: number[] = [];
    const orders = [];
    for (let n = 0; n < ORDERS; n++) {
      const began = performance.now();
      const order = await api.client.create({ reference: `PO-${n}`, amount: n === 0 ? 125_000 : 1250 });
      times.push(performance.now() - began);
      expect(order.status).toBe("awaiting_payment");
      orders.push(order);
    }
    await Promise.all(orders.map((order) => api.client.pay(order)));
    await api.client.until(
      () => Promise.resolve(stage.mails),
      (mails) => mails.length >= 2,
      15_000,
    );
    const link = stage.mails[0]?.links.find((each) => each.includes("/a/")) ?? "";
    expect(link.startsWith(api.url)).toBe(true);
    expect((await api.client.decide(link, "approve")).status).toBe(200);
    for (const { id } of orders) await api.client.reached(id, "completed");

    const { rows: waits } = await stage.sql.query<{ ms: number }>(
      `select min(o.started_at_epoch_ms)::float8 - w.created_at as ms
       from dbos.workflow_status w join dbos.operation_outputs o using (workflow_uuid)
      where w.name = 'order' group by w.workflow_uuid, w.created_at`,
    );
    console.log(`orders answered with their payment open: ${figures(times)}`);
    console.log(
      `from the order's row to its first transition at a worker: ${figures(waits.map(({ ms }) => ms))}`,
    );
    const by = await runners();
    console.log(`workflows run by ${by.map(({ n }) => n).join(" and ")}`);
    // Nothing ran at the one that takes requests, and members are those that run something.
    const { rows: members } = await stage.sql.query<{ id: string }>(
      "select id from countersign.executors order by 1",
    );
    expect(members).toHaveLength(2);
    const ids = members.map(({ id }) => id);
    expect(by.filter(({ id }) => !ids.includes(id))).toEqual([]);
    // Well below the second that passes between two looks at the queue by themselves.
    const sorted = waits.map(({ ms }) => ms).sort((x, y) => x - y);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(500);

    expect(await unrest(stage)).toEqual([]);
    const books = await ledger(stage);
    for (const { id, amount } of orders)
      expect(books.get(id)).toMatchObject([{ captured: amount, captures: 1 }]);
  },
);

const WELL = Object.fromEntries(
  ["database", "migrations", "accepting", "provider", "mail"].map((check) => [check, { ok: true }]),
);

test("a worker says how it is doing and nothing else, and each says what it does", async () => {
  for (const worker of workers) {
    expect((await worker.client.call("GET", "/healthz")).status).toBe(200);
    const ready = await worker.client.call<{ checks: unknown }>("GET", "/readyz");
    expect([ready.status, ready.body.checks]).toEqual([200, { ...WELL, lease: { ok: true } }]);
    expect((await worker.client.call<string>("GET", "/metrics")).body).toContain("countersign_");
    for (const path of ["/", "/v1/orders", "/docs", "/openapi.json", "/a/v1.x"])
      expect((await worker.client.call("GET", path)).status, path).toBe(404);
    expect(worker.process().output()).toMatch(/^Role +worker/m);
  }
  const ready = await api.client.call<{ checks: unknown }>("GET", "/readyz");
  expect(ready.body.checks).toEqual(WELL);
  expect(api.process().output()).toMatch(/^Role +api/m);
});

test(
  "without workers requests are taken, and what they begin waits for the first that comes",
  { timeout: 60_000 },
  async () => {
    const [first, second] = workers as [Member, Member];
    await Promise.all([first.process().end("SIGKILL"), second.process().end()]);
    const answer = await api.client.call<{ id: string; status: string }>("POST", "/v1/orders", {
      ...{ reference: "PO-alone", amount: 1250, currency: "usd" },
      payment: { mode: "confirm", payment_method: "pm_card_visa" },
    });
    expect([answer.status, answer.body.status]).toEqual([201, "created"]);
    await first.start({ ROLE: "worker", PUBLIC_URL: api.url });
    await api.client.until(
      () => api.client.order(answer.body.id),
      ({ status }) => status === "completed",
      15_000,
    );
  },
);
