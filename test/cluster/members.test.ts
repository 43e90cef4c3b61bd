import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { followTrail } from "../../src/cli/trail.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { figures, ledger, openStage, unrest, type Member, type Stage } from "./stage.ts";

let stage: Stage;
let a: Member;
let b: Member;

beforeAll(async () => {
  stage = await openStage();
  [a, b] = [await stage.member(), await stage.member()];
  await Promise.all([a.start(), b.start()]);
}, 90_000);
afterAll(() => stage.end());

const APPROVAL = 125_000;
const headers = { authorization: "Bearer ck_dev", "content-type": "application/json" };

/** An order at which approvers were asked, and the mails that asked them. */
async function asked(at: Member, reference: string): Promise<OrderView> {
  const order = await at.client.create({ reference, amount: APPROVAL });
  await at.client.pay(order);
  await at.client.until(
    () => Promise.resolve(stage.mails.filter(({ subject }) => subject.includes(reference))),
    (mails) => mails.length >= 2,
    15_000,
  );
  // And recorded as sent: what is killed or stopped before that is sent again.
  await at.client.until(
    async () =>
      (
        await stage.sql.query<{ busy: boolean }>(
          "select state->'todo' <> '[]' as busy from countersign.approvals where order_id = $1",
          [order.id],
        )
      ).rows,
    ([approval]) => approval?.busy === false,
  );
  return order;
}

const link = (reference: string): string =>
  stage.mails
    .find(({ subject }) => subject.includes(reference))
    ?.links.find((each) => each.includes("/a/")) ?? "";

const segments = async (id: string) =>
  (
    await stage.sql.query<{ executor_id: string; status: string }>(
      "select executor_id, status from dbos.workflow_status where split_part(workflow_uuid, ':', 1) = $1",
      [id],
    )
  ).rows;

test("any process takes any request, also one that another one began", { timeout: 40_000 }, async () => {
  const body = JSON.stringify({ reference: "PO-both", amount: 1250, currency: "usd" });
  const post = (member: Member) =>
    fetch(`${member.url}/v1/orders`, {
      method: "POST",
      headers: { ...headers, "idempotency-key": "both" },
      body,
    });
  // Twice at the same moment, at two processes: one order.
  const answers = await Promise.all([post(a), post(b)]);
  const created = answers.find(({ status }) => status === 201);
  expect(answers.map(({ status }) => status).every((status) => status === 201 || status === 409)).toBe(true);
  const order = (await created?.json()) as OrderView;
  const again = await post(b);
  expect(again.status).toBe(201);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(((await again.json()) as OrderView).id).toBe(order.id);

  // Followed at one, waited for at the other, while it is worked on wherever it was begun.
  const seen: { seq: number; type: string }[] = [];
  const following = followTrail({
    ...{ url: a.url, key: "ck_dev", orderId: order.id, color: false, json: true, follow: true },
    write: (text) => {
      for (const line of text.split("\n").filter(Boolean))
        seen.push(JSON.parse(line) as (typeof seen)[number]);
    },
  });
  const waiting = fetch(`${b.url}/v1/orders/${order.id}/events/result?timeout=20`, { headers });
  await a.client.pay(order);
  expect((await waiting).status).toBe(200);
  await following;
  expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, i) => i));
  expect(seen.at(-1)?.type).toMatch(/completed$/);

  // A link that one mailed is clicked at the other.
  const approved = await asked(a, "PO-link");
  const elsewhere = link("PO-link")
    .replace(a.url, b.url)
    .replace(/^http:\/\/[^/]+/, b.url);
  expect((await b.client.decide(elsewhere, "approve")).status).toBe(200);
  await a.client.reached(approved.id, "completed");

  // And cancelled at the one that does not run it.
  const [first, second] = [
    await a.client.create({ reference: "PO-x" }),
    await b.client.create({ reference: "PO-y" }),
  ];
  expect((await b.client.call("POST", `/v1/orders/${first.id}/cancel`, { reason: "no" })).status).toBe(202);
  expect((await a.client.call("POST", `/v1/orders/${second.id}/cancel`, { reason: "no" })).status).toBe(202);
  await Promise.all([a.client.reached(second.id, "cancelled"), b.client.reached(first.id, "cancelled")]);
});

test(
  "what a killed process had under way goes on at another within five seconds",
  { timeout: 40_000 },
  async () => {
    const waiting = await Promise.all([1, 2, 3].map((n) => asked(a, `PO-killed-${n}`)));
    const held = await Promise.all(waiting.map(({ id }) => segments(id)));
    const killed = Date.now();
    await a.process().end("SIGKILL");
    try {
      // What is decided meanwhile waits for whoever takes over.
      const votes = waiting.map((_, n) =>
        b.client.decide(link(`PO-killed-${n + 1}`).replace(/^http:\/\/[^/]+/, b.url), "approve"),
      );
      for (const { id } of waiting)
        await b.client.until(
          () => b.client.order(id),
          ({ status }) => status === "completed",
          20_000,
        );
      await Promise.all(votes);
    } finally {
      await a.start();
    }
    const approvals = (await Promise.all(waiting.map(({ id }) => b.client.order(id)))).map(
      ({ approval }) => approval?.id ?? "",
    );
    const { rows: next } = await stage.sql.query<{ at: number }>(
      `select min(completed_at_epoch_ms)::float8 as at from dbos.operation_outputs
        where workflow_uuid = any($1) and completed_at_epoch_ms > $2 group by workflow_uuid`,
      [approvals, killed],
    );
    const times = next.map(({ at }) => at - killed);
    console.log(`from SIGKILL to the next transition at another process: ${figures(times)}`);
    expect(times).toHaveLength(waiting.length);
    const now = await Promise.all(waiting.map(({ id }) => segments(id)));
    expect(now.flat().map(({ executor_id }) => executor_id)).not.toEqual(
      held.flat().map(({ executor_id }) => executor_id),
    );
    expect(Math.max(...times)).toBeLessThan(5_000);
  },
);

/** How long after the votes the process is stopped: before it hears of them, and in the middle of what they lead to. */
const PAUSES = process.env["CLUSTER_PAUSES"]?.split(",").map(Number) ?? [0, 120];

test(
  "one that stood still for longer than its lease does nothing twice and goes on as a healthy member",
  { timeout: 40_000 * PAUSES.length },
  async () => {
    const stood: { id: string; n: number }[] = [];
    const resumed: [from: number, to: number][] = [];
    for (const [round, pause] of PAUSES.entries()) {
      const names = [1, 2, 3, 4].map((n) => `PO-still-${round}-${n}`);
      const orders = await Promise.all(names.map((name) => asked(a, name)));
      const votes = names.map((name, n) =>
        fetch(link(name).replace(/^http:\/\/[^/]+/, b.url), {
          method: "POST",
          body: new URLSearchParams({ decision: n % 2 ? "reject" : "approve", comment: "" }),
        }),
      );
      await sleep(pause);
      a.process().signal("SIGSTOP");
      const stopped = Date.now();
      for (const [n, { id }] of orders.entries())
        await b.client.until(
          () => b.client.order(id),
          ({ status }) => status === (n % 2 ? "rejected" : "completed"),
          20_000,
        );
      console.log(
        `stopped ${pause} ms after the votes: its orders ended at another after ${Date.now() - stopped} ms`,
      );
      await Promise.all(votes);
      // Longer than its lease, also when all had ended before.
      await sleep(Math.max(0, 4_000 - (Date.now() - stopped)));
      const before = await members();
      a.process().signal("SIGCONT");
      resumed.push([stopped, Date.now()]);
      await b.client.until(members, (all) => all.length === 2 && all.every(({ alive }) => alive));
      // Under a new id: what it had under the old one is others'.
      expect((await members()).filter(({ id }) => !before.some((old) => old.id === id))).toHaveLength(1);
      stood.push(...orders.map(({ id }, n) => ({ id, n })));
    }
    // It takes requests and runs what they begin.
    const own = await asked(a, "PO-after");
    expect((await a.client.decide(link("PO-after"), "approve")).status).toBe(200);
    await a.client.reached(own.id, "completed");
    const runner = (await segments(own.id))[0]?.executor_id;
    expect((await members()).map(({ id }) => id)).toContain(runner);

    expect(await unrest(stage)).toEqual([]);
    const books = await ledger(stage);
    for (const { id, n } of stood) {
      const captured = n % 2 ? 0 : APPROVAL;
      expect(books.get(id)).toMatchObject([
        { authorized: APPROVAL, captured, captures: captured ? 1 : 0, voided: APPROVAL - captured },
      ]);
      const { body } = await b.client.call<{ valid: boolean }>("GET", `/v1/orders/${id}/audit/verify`);
      expect(body.valid).toBe(true);
    }
    // A mail whose sender died or stood still before it could record it is sent again by whoever takes over. What the one
    // that stood still begins to send once it is back, nobody has had before.
    const seen = new Set<string>();
    let again = 0;
    for (const { to, messageId, subject, begun } of [...stage.mails].sort((x, y) => x.begun - y.begun)) {
      const mail = `${to} ${messageId}`;
      const late = resumed.some(([, at]) => begun >= at && begun < at + 3_000);
      if (seen.has(mail)) again++;
      expect(seen.has(mail) && late, `${subject} to ${to}`).toBe(false);
      seen.add(mail);
    }
    console.log(
      `${seen.size} mails, ${again} of them sent again by another process, none by the one that stood still`,
    );
    expect(a.process().output()).not.toMatch(/ended with an error/);
  },
);

const members = async () =>
  (
    await stage.sql.query<{ id: string; alive: boolean }>(
      "select id, lease_until > now() as alive from countersign.executors",
    )
  ).rows;
