import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { simpleParser } from "mailparser";
import { createTransport } from "nodemailer";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { freePort } from "../helpers/process.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { keptLog } from "../observe/lines.ts";
import { startSink, type Received, type Sink } from "../mail/sink.ts";

vi.setConfig({ testTimeout: 60_000 });

const OPERATOR = "operator@example.com";
const SIGNS_IN = "sam@example.com";
const kept = keptLog("warn");

let sink: Sink;
let service: TestService;
let bouncePort: number;
beforeAll(async () => {
  [sink, bouncePort] = await Promise.all([startSink(), freePort()]);
  const env = {
    SMTP_URL: sink.url,
    OPERATOR_EMAIL: OPERATOR,
    OPERATORS: `dev:finance:${SIGNS_IN}`,
    BOUNCE_ADDRESS: "bounces@bounces.example.com",
    BOUNCE_PORT: String(bouncePort),
  };
  service = await startTestService(env, kept.log);
});
afterAll(async () => {
  await service?.end();
  await sink?.stop();
});

interface Approval {
  id: string;
  status: string;
  history: { type: string; data: Record<string, unknown> }[];
}

/** The mails to an address that name something, oldest first. */
const mailsTo = (to: string, about: string): Received[] =>
  sink.received.filter((mail) => mail.to.includes(to) && mail.source.includes(about));

/** Waits for it. */
const mailed = async (to: string, about: string): Promise<Received> =>
  (
    await service.until(
      () => Promise.resolve(mailsTo(to, about)),
      (mails) => mails.length > 0,
      30_000,
    )
  )[0] as Received;

/** As the operator's mail server hands it over; resolves to the answer. */
async function comesBack(mail: Pick<Received, "from">, sample = "postfix-failed"): Promise<string> {
  const transport = createTransport({ host: "127.0.0.1", port: bouncePort, ignoreTLS: true });
  const raw = readFileSync(resolve(import.meta.dirname, `../../fixtures/bounces/${sample}.eml`));
  try {
    return (await transport.sendMail({ envelope: { from: "", to: [mail.from] }, raw })).response;
  } catch (error) {
    return error instanceof Error && "response" in error ? String(error.response) : String(error);
  } finally {
    transport.close();
  }
}

async function decide(mail: Received, decision = "approve"): Promise<void> {
  const { text = "" } = await simpleParser(mail.source);
  const link = /http\S+\/a\/\S+/.exec(text)?.[0] ?? "";
  expect((await service.decide(link, decision, "as agreed")).status).toBe(200);
}

/** An order that finance is asked about. */
async function asked(reference: string, more: Record<string, unknown> = {}): Promise<OrderView> {
  const order = await service.create({ amount: 125_000, reference, ...more });
  await service.pay(order);
  await service.reached(order.id, "awaiting_approval");
  return order;
}

const told = async (id: string, type: string) =>
  (await service.trail(id)).filter((entry) => entry.type === type);
const waitFor = (id: string, type: string, count = 1) =>
  service.until(
    () => told(id, type),
    (entries) => entries.length >= count,
    30_000,
  );

test("an approver whose mail comes back is told of, the next are asked, and the report counts once", async () => {
  const order = await asked("PO-back");
  const [finance, controller] = [
    await mailed("finance@example.com", "PO-back"),
    await mailed("controller@example.com", "PO-back"),
  ];
  expect(finance.from).toMatch(/^bounces\+[0-9a-z]{26}\.\d+\.[0-9a-f]{16}@bounces\.example\.com$/);
  expect(controller.from).not.toBe(finance.from);

  expect(await comesBack(finance)).toBe("250 2.0.0 OK");
  const [entry] = await waitFor(order.id, "mail.bounced");
  expect(entry?.data).toMatchObject({
    to: "finance@example.com",
    reason: expect.stringContaining("User unknown") as string,
  });
  const cfo = await mailed("cfo@example.com", "PO-back");
  const { text } = await simpleParser((await mailed(OPERATOR, "PO-back")).source);
  expect(text).toContain("finance@example.com");
  expect(text).toContain("User unknown in virtual mailbox table");

  // The server did not hear our answer, and sends it again.
  expect(await comesBack(finance)).toBe("250 2.0.0 OK");
  expect(await comesBack(controller, "postfix-delayed")).toBe("250 2.0.0 OK");
  expect((await waitFor(order.id, "mail.delayed"))[0]?.data).toMatchObject({ to: "controller@example.com" });
  expect(await told(order.id, "mail.bounced")).toHaveLength(1);
  expect(await told(order.id, "approval.escalated")).toHaveLength(1);

  await decide(cfo);
  const done = await service.reached(order.id, "completed");
  expect(mailsTo(OPERATOR, "PO-back")).toHaveLength(1);
  expect(await service.ledger(done.payment.id)).toMatchObject({ captured: 125_000, captures: 1 });
});

test("a report that comes after the end is in the trail, once, and changes nothing", async () => {
  const order = await asked("PO-late");
  const finance = await mailed("finance@example.com", "PO-late");
  const controller = await mailed("controller@example.com", "PO-late");
  await decide(controller);
  const done = await service.reached(order.id, "completed");
  expect(await comesBack(finance)).toBe("250 2.0.0 OK");
  await waitFor(order.id, "mail.bounced");
  await mailed(OPERATOR, "PO-late");
  // Also when what took the first has ended again.
  expect(await comesBack(finance)).toBe("250 2.0.0 OK");
  expect(await comesBack(controller, "gmail")).toBe("250 2.0.0 OK");
  const entries = await waitFor(order.id, "mail.bounced", 2);
  expect(entries.map(({ data }) => data["to"])).toEqual(["finance@example.com", "controller@example.com"]);
  expect(await told(order.id, "approval.escalated")).toEqual([]);
  expect(mailsTo("cfo@example.com", "PO-late")).toEqual([]);
  expect((await service.order(order.id)).status).toBe("completed");
  expect(await service.ledger(done.payment.id)).toMatchObject({ captured: 125_000, captures: 1, refunds: 0 });
});

test("automatic replies and forged reports ask nobody", async () => {
  const order = await asked("PO-quiet");
  const finance = await mailed("finance@example.com", "PO-quiet");
  const controller = await mailed("controller@example.com", "PO-quiet");
  expect(await comesBack(finance, "out-of-office")).toBe("250 2.0.0 OK, it reports nothing");
  const forged = finance.from.replace(/[0-9a-f]{16}@/, "0000000000000000@");
  expect(await comesBack({ from: forged })).toBe("550 5.1.1 No such bounce address");
  expect(await comesBack({ from: "bounces@bounces.example.com" })).toBe("550 5.1.1 No such bounce address");
  expect(await comesBack(controller, "postfix-delayed")).toBe("250 2.0.0 OK");
  await waitFor(order.id, "mail.delayed");
  expect(await told(order.id, "mail.bounced")).toEqual([]);
  expect(mailsTo("cfo@example.com", "PO-quiet")).toEqual([]);
  await decide(finance);
  await service.reached(order.id, "completed");
});

test("when the requester's mail comes back nobody is asked in their place", async () => {
  const order = await asked("PO-outcome", { requested_by: "sam@example.com" });
  await decide(await mailed("finance@example.com", "PO-outcome"), "reject");
  await service.reached(order.id, "rejected");
  expect(await comesBack(await mailed("sam@example.com", "PO-outcome"), "exchange")).toBe("250 2.0.0 OK");
  const [entry] = await waitFor(order.id, "mail.bounced");
  expect(entry?.data).toMatchObject({ to: "sam@example.com" });
  await mailed(OPERATOR, "PO-outcome");
  expect(await told(order.id, "approval.escalated")).toEqual([]);
});

test("an approval without an order has it in its history", async () => {
  const { body } = await service.call<Approval>("POST", "/v1/approvals", {
    title: "Deploy 4.2",
    gates: [{ name: "release", approvers: ["lead@example.com"] }],
  });
  expect(await comesBack(await mailed("lead@example.com", "Deploy 4.2"), "qmail")).toBe("250 2.0.0 OK");
  const { history } = await service.until(
    async () => (await service.call<Approval>("GET", `/v1/approvals/${body.id}`)).body,
    (approval) => approval.history.some(({ type }) => type === "mail.bounced"),
  );
  expect(history.find(({ type }) => type === "mail.bounced")?.data).toMatchObject({
    to: "lead@example.com",
    reason: expect.stringContaining("DMARC") as string,
  });
  await mailed(OPERATOR, "Deploy 4.2");
});

test("mail to a deputy whose delegation was taken back is still known", async () => {
  const delegation = await service.call<{ id: string }>("POST", "/v1/delegations", {
    from: "finance@example.com",
    to: "deputy@example.com",
    starts_at: new Date(Date.now() - 60_000).toISOString(),
    ends_at: new Date(Date.now() + 3_600_000).toISOString(),
  });
  expect(delegation.status).toBe(201);
  const order = await asked("PO-deputy");
  const deputy = await mailed("deputy@example.com", "PO-deputy");
  expect((await service.call("DELETE", `/v1/delegations/${delegation.body.id}`)).status).toBeLessThan(300);
  const finance = await mailed("finance@example.com", "PO-deputy");
  expect(await comesBack(deputy)).toBe("250 2.0.0 OK");
  const [entry] = await waitFor(order.id, "mail.bounced");
  expect(entry?.data).toMatchObject({ to: "deputy@example.com" });
  expect(await told(order.id, "approval.escalated")).toEqual([]);
  await decide(finance);
  await service.reached(order.id, "completed");
});

test("a sign-in mail that comes back is counted and logged with what to do, and never with the whole address", async () => {
  const asked = await fetch(`${service.url}/console/sign-in`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: SIGNS_IN }),
  });
  expect(asked.status).toBe(202);
  const link = await mailed(SIGNS_IN, "sign-in");
  expect(link.from).toMatch(/^bounces\+operator\.[0-9a-f]{16}@bounces\.example\.com$/);

  expect(await comesBack({ from: link.from.replace(/[0-9a-f]{16}/, "0".repeat(16)) })).toContain("550");
  expect(await comesBack(link)).toBe("250 2.0.0 OK");
  expect(await comesBack(link, "postfix-delayed")).toBe("250 2.0.0 OK");
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toContain('countersign_operator_mails_bounced_total{kind="permanent"} 1');
  expect(metrics).toContain('countersign_operator_mails_bounced_total{kind="delayed"} 1');
  const lines = kept.lines().filter(({ msg }) => msg.includes("to an operator"));
  expect(lines).toMatchObject([
    {
      operator: "s…@example.com",
      msg: expect.stringContaining("correct the address in OPERATORS") as string,
    },
    { operator: "s…@example.com", msg: expect.stringContaining("is late") as string },
  ]);
  expect(JSON.stringify(lines)).not.toContain(SIGNS_IN);
});

test("the service stops while a server is connected to it", async () => {
  const transport = createTransport({ host: "127.0.0.1", port: bouncePort, ignoreTLS: true, pool: true });
  expect(await transport.verify()).toBe(true);
  const started = Date.now();
  await service.stop();
  expect(Date.now() - started).toBeLessThan(10_000);
  transport.close();
  expect(await comesBack({ from: "bounces@bounces.example.com" })).toContain("ECONNREFUSED");
});
