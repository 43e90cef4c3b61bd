import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-people-"));
  const usual = await readFile(join(import.meta.dirname, "../../fixtures/policies/default.yaml"), "utf8");
  const rule = `rules: [{ name: unknown, when: { customer: "*@unknown.example.com" }, ask: two }]`;
  await writeFile(join(directory, "policy.yaml"), `${usual}\n${rule}\n`);
  service = await startTestService({
    POLICY_FILE: join(directory, "policy.yaml"),
    API_KEYS: [
      "dev:admin:ck_dev:admin@example.com",
      "dev:finance:ck_finance:finance@example.com",
      "dev:support:ck_support",
      "dev:viewer:ck_viewer",
      "other:admin:ck_other",
    ].join(","),
  });
});
afterAll(async () => {
  await service?.end();
  await rm(directory, { recursive: true });
});

interface Approval {
  id: string;
  status: string;
  gate: string | null;
  revision: number;
  gates: { name: string }[];
  waiting_for: string[];
  votes: { approver: string; decision: string }[];
  amendments: { revision: number; by: string; changes: { field: string; before: string; after: string }[] }[];
  history: { type: string; actor: { id: string }; data: Record<string, unknown> }[];
}
interface Mail {
  subject: string;
  text: string;
  links: string[];
}

let number = 0;
/** Addresses of one test alone, so that each has a mailbox of its own. */
const person = (name: string): string => `${name}.${number}@example.com`;
const as = (key: string) => ({ authorization: `Bearer ${key}` });

async function ask(...approvers: string[]): Promise<Approval> {
  const request = { title: `Purchase ${number}`, gates: [{ name: "first", approvers }] };
  const { status, body } = await service.call<Approval>("POST", "/v1/approvals", request);
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
}
const read = async (id: string) => (await service.call<Approval>("GET", `/v1/approvals/${id}`)).body;
const command = (id: string, name: string, body?: Record<string, unknown>, headers = as("ck_dev")) =>
  service.call<{ code: string; detail: string; errors?: { path: string }[] }>(
    "POST",
    `/v1/approvals/${id}/${name}`,
    body,
    headers,
  );
const asks = (id: string, ...people: string[]) =>
  service.until(
    () => read(id),
    ({ waiting_for }) => JSON.stringify(waiting_for) === JSON.stringify(people),
  );
const mailsTo = async (to: string) =>
  (await (await fetch(`${service.url}/dev/mailbox.json?to=${to}`)).json()) as Mail[];
const mailed = (to: string, count: number) =>
  service.until(
    () => mailsTo(to),
    (mails) => mails.length === count,
  );
const linkTo = async (to: string): Promise<string> =>
  (await service.mail(to, ({ links }) => links.length > 0)).links[0] ?? "";
const happened = (id: string, type: string) =>
  service.until(
    async () => (await read(id)).history.filter((entry) => entry.type === type),
    (entries) => entries.length > 0,
  );

/** A paid order whose approval is open. */
async function waitingOrder(reference: string, more: Record<string, unknown> = {}) {
  const order = await service.create({
    amount: 125_000,
    reference,
    requested_by: "sam@example.com",
    ...more,
  });
  await service.pay(order);
  const { approval } = await service.until(
    () => service.order(order.id),
    (view) => view.approval !== null,
  );
  return { order, id: approval?.id ?? "" };
}

describe("reassign", () => {
  test("asks the other by a mail that says why, and tells the first", async () => {
    number++;
    const [lead, other] = [person("lead"), person("other")];
    const { id } = await ask(lead);
    const ofLead = await linkTo(lead);
    const answer = await command(id, "reassign", { from: lead, to: other });
    expect(answer).toMatchObject({ status: 202, body: { object: "command", accepted: true } });
    await asks(id, other);
    const mail = await service.mail(other);
    expect(mail.text.replace(/\s+/g, " ")).toContain(`${other} is asked in place of ${lead}`);
    expect((await mailed(lead, 2)).map(({ links }) => links.length).sort()).toEqual([0, 1]);
    expect((await service.decide(ofLead, "approve")).status).toBe(409);
    expect((await service.decide(mail.links[0] ?? "", "approve")).status).toBe(200);
    expect(await happened(id, "approval.reassigned")).toMatchObject([
      { actor: { id: "admin@example.com" }, data: { from: lead, to: other } },
    ]);
  });

  test("twice is done once, and the second says that nothing is left to give", async () => {
    number++;
    const [lead, other] = [person("lead"), person("other")];
    const { id } = await ask(lead);
    await command(id, "reassign", { from: lead, to: other });
    await asks(id, other);
    expect(await command(id, "reassign", { from: lead, to: other })).toMatchObject({
      status: 422,
      body: { code: "unprocessable" },
    });
    await mailed(other, 1);
  });

  test("of a deputy says whom to name instead", async () => {
    number++;
    const [lead, deputy] = [person("lead"), person("deputy")];
    const period = {
      starts_at: new Date().toISOString(),
      ends_at: new Date(Date.now() + 60_000).toISOString(),
    };
    await service.call("POST", "/v1/delegations", { from: lead, to: deputy, ...period });
    const { id } = await ask(lead);
    const { status, body } = await command(id, "reassign", { from: deputy, to: person("x") });
    expect(status).toBe(422);
    expect(body.detail).toContain("stands in for somebody who is away");
  });
});

describe("revoke", () => {
  test("takes the place and the link away", async () => {
    number++;
    const [lead, other] = [person("lead"), person("other")];
    const { id } = await ask(lead, other);
    const link = await linkTo(lead);
    expect((await command(id, "revoke", { approver: lead })).status).toBe(202);
    await asks(id, other);
    const late = await service.decide(link, "approve");
    expect(late.status).toBe(409);
    expect(await late.text()).toContain("This link was taken back");
    expect((await command(id, "revoke", { approver: lead })).status).toBe(422);
    expect((await read(id)).votes).toEqual([]);
    await mailed(lead, 2);
  });
});

describe("remind and resend", () => {
  test("mail the same link again, to those who have not decided", async () => {
    number++;
    const [lead, other] = [person("lead"), person("other")];
    const request = { title: "Two", gates: [{ approvers: [lead, other], need: 2 }] };
    const { id } = (await service.call<Approval>("POST", "/v1/approvals", request)).body;
    const link = await linkTo(lead);
    expect((await service.decide(await linkTo(other), "approve")).status).toBe(200);
    expect((await command(id, "remind", undefined, as("ck_support"))).status).toBe(202);
    const [reminder] = await mailed(lead, 2);
    expect(reminder?.subject).toMatch(/^Reminder/);
    expect((await command(id, "resend", { approver: lead }, as("ck_support"))).status).toBe(202);
    const mails = await mailed(lead, 3);
    expect(mails.map(({ links }) => links[0])).toEqual([link, link, link]);
    await mailed(other, 1);
  });

  test("send nothing to an address that is not on file", async () => {
    number++;
    const [lead, thief] = [person("lead"), person("thief")];
    const { id } = await ask(lead);
    await mailed(lead, 1);
    await command(id, "resend", { approver: thief });
    await command(id, "resend", { approver: lead });
    await mailed(lead, 2);
    expect(await mailsTo(thief)).toEqual([]);
  });
});

describe("each of these", () => {
  const commands: [name: string, body: Record<string, unknown> | undefined, least: string, below: string][] =
    [
      ["reassign", { from: "lead@example.com", to: "x@example.com" }, "ck_dev", "ck_finance"],
      ["revoke", { approver: "lead@example.com" }, "ck_dev", "ck_finance"],
      ["remind", undefined, "ck_support", "ck_viewer"],
      ["resend", { approver: "lead@example.com" }, "ck_support", "ck_viewer"],
    ];

  test.each(commands)(
    "%s needs its role, its tenant and an approval that waits",
    async (name, body, least, below) => {
      const { id } = await ask("lead@example.com", "other@example.com");
      expect(await command(id, name, body, as(below))).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      });
      expect((await command(id, name, body, as("ck_other"))).status).toBe(404);
      expect((await command("apr_none", name, body, as(least))).status).toBe(404);
      const decision = { decision: "reject", comment: "no" };
      expect((await service.call("POST", `/v1/approvals/${id}/decisions`, decision)).status).toBe(200);
      expect(await command(id, name, body, as(least))).toMatchObject({
        status: 409,
        body: { code: "conflict", detail: expect.stringContaining("already rejected") as string },
      });
    },
  );

  test.each([
    ["reassign", {}, "from"],
    ["reassign", { from: "lead@example.com", to: "nobody" }, "to"],
    ["reassign", { from: "lead@example.com", to: "x@example.com", why: "?" }, "why"],
    ["revoke", { approver: 7 }, "approver"],
    ["resend", {}, "approver"],
    ["decisions", { decision: "maybe" }, "decision"],
  ])("%s of %j names the bad field", async (name, body, path) => {
    const { id } = await ask("lead@example.com");
    const answer = await command(id, name, body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.map((error) => error.path)).toContain(path);
  });
});

describe("decisions over the API", () => {
  const decide = (id: string, key: string) =>
    service.call("POST", `/v1/approvals/${id}/decisions`, { decision: "approve" }, as(key));

  test("of two people at once at the first gate, the second does not answer the next gate's question", async () => {
    number++;
    const gates = [
      { name: "finance", approvers: ["finance@example.com"] },
      { name: "management", approvers: ["cfo@example.com"] },
    ];
    const { body } = await service.call<Approval>("POST", "/v1/approvals", { title: "Press", gates });
    const client = new pg.Client({ connectionString: service.databaseUrl });
    await client.connect();
    // Both have read the first gate, and neither vote is sent yet.
    await client.query("begin");
    await client.query("select from countersign.approvals where id = $1 for update", [body.id]);
    const held = async (many: number) => {
      const { rows } = await client.query<{ waiting: number }>(
        `select count(*)::int as waiting from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return (rows[0]?.waiting ?? 0) >= many;
    };
    const first = decide(body.id, "ck_finance");
    await service.until(() => held(1), Boolean);
    const second = decide(body.id, "ck_dev");
    await service.until(() => held(2), Boolean);
    await client.query("commit");
    await client.end();
    await Promise.all([first, second]);
    await happened(body.id, "approval.vote_refused");
    expect(await read(body.id)).toMatchObject({
      status: "pending",
      gate: "management",
      votes: [{ approver: "finance@example.com" }],
    });
  });
});

describe("amend", () => {
  const amend = (id: string, message: Record<string, unknown>, headers = as("ck_dev")) =>
    service.call("POST", `/v1/orders/${id}/messages`, { topic: "amend", message }, headers);
  test("an order is found by its new reference", async () => {
    const { order } = await waitingOrder("PO-before");
    expect((await amend(order.id, { reference: "PO-after" })).status).toBe(202);
    await service.until(
      () => service.order(order.id),
      ({ reference }) => reference === "PO-after",
    );
    const found = async (reference: string) =>
      (await service.call<{ data: { id: string }[] }>("GET", `/v1/orders?reference=${reference}`)).body.data;
    expect(await found("PO-after")).toMatchObject([{ id: order.id }]);
    expect(await found("PO-before")).toEqual([]);
  });
  test("answers a request for changes: all are asked again with what changed, and what they approve is captured", async () => {
    const { order, id } = await waitingOrder("PO-changes");
    const first = await service.mail("finance@example.com", ({ subject }) => subject.includes("PO-changes"));
    const asked = await service.decide(first.links[0] ?? "", "request_changes", "a cheaper one, please");
    expect(asked.status).toBe(200);
    expect(await read(id)).toMatchObject({ status: "changes_requested" });
    const told = await service.mail("sam@example.com", ({ subject }) => subject.includes("PO-changes"));
    expect(told.text).toContain("a cheaper one, please");

    expect(
      (await amend(order.id, { amount: 110_000, description: "3 laptops" }, as("ck_finance"))).status,
    ).toBe(202);
    const again = await service.mail("finance@example.com", ({ subject }) =>
      subject.startsWith("Changed: approve 1,100.00 USD for PO-changes"),
    );
    expect(again.text).toContain("1,250.00 USD → 1,100.00 USD");
    expect(again.links[0]).not.toBe(first.links[0]);
    expect(await read(id)).toMatchObject({
      status: "pending",
      revision: 2,
      votes: [],
      amendments: [
        {
          by: "finance@example.com",
          changes: [
            { field: "amount", before: "1,250.00 USD", after: "1,100.00 USD" },
            { field: "description", before: "", after: "3 laptops" },
          ],
        },
      ],
    });
    expect((await service.decide(first.links[0] ?? "", "approve")).status).toBe(409);
    expect((await service.decide(again.links[0] ?? "", "approve")).status).toBe(200);
    const done = await service.reached(order.id, "completed");
    expect(done.payment.amount_captured).toBe(110_000);
    expect(await service.ledger(done.payment.id)).toMatchObject({ captured: 110_000, captures: 1 });
  });

  test("needs role finance, the tenant, known fields, and an order that waits", async () => {
    const { order, id } = await waitingOrder("PO-bad");
    const lower = { amount: 100_000 };
    expect((await amend(order.id, lower, as("ck_support"))).status).toBe(403);
    expect((await amend(order.id, lower, as("ck_other"))).status).toBe(404);
    expect(await amend(order.id, { ...lower, price: 1 })).toMatchObject({
      status: 400,
      body: { errors: [{ path: "message.price" }] },
    });
    expect((await amend(order.id, {})).status).toBe(400);
    await amend(order.id, { amount: 200_000 });
    const decision = { decision: "approve", comment: "fine" };
    expect((await service.call("POST", `/v1/approvals/${id}/decisions`, decision)).status).toBe(200);
    await service.reached(order.id, "completed");
    await amend(order.id, lower);
    const refused = await service.until(
      async () => (await service.trail(order.id)).filter(({ type }) => type === "message.ignored"),
      (entries) => entries.length === 2,
    );
    expect(refused.map(({ data }) => data["because"])).toEqual([
      expect.stringContaining("at most 125000 can be captured"),
      expect.stringContaining("already completed"),
    ]);
    expect(await read(id)).toMatchObject({ status: "approved", revision: 1 });
  });
});

describe("an amended order keeps the gates that it was accepted with", () => {
  const amend = (id: string, message: Record<string, unknown>) =>
    service.call<{ detail: string }>("POST", `/v1/orders/${id}/messages`, { topic: "amend", message });

  test("when the policy asks less of it, and up to what they were asked about", async () => {
    const { order, id } = await waitingOrder("PO-tier", { amount: 1_200_000 });
    for (const [revision, amount] of [
      [2, 500_000],
      [3, 1_100_000],
    ] as const) {
      expect((await amend(order.id, { amount })).status).toBe(202);
      await service.until(
        () => read(id),
        (approval) => approval.revision === revision,
      );
    }
    expect(await read(id)).toMatchObject({ gates: [{ name: "finance" }, { name: "management" }] });
  });

  test("so what the policy asks more of is refused, with the remedy", async () => {
    const { order, id } = await waitingOrder("PO-customer", { customer: { email: "buyer@example.com" } });
    const answer = await amend(order.id, { customer: { email: "buyer@unknown.example.com" } });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: "message.customer" }] } });
    expect(answer.body.detail).toContain("gate management");
    expect((await read(id)).revision).toBe(1);
  });
});

describe("GET /v1/approvals?waiting_for=", () => {
  const waitingFor = async (who: string, more = "", key = "ck_dev") => {
    const path = `/v1/approvals?waiting_for=${encodeURIComponent(who)}${more}`;
    const { status, body } = await service.call<{ data: Approval[]; next_cursor: string | null }>(
      "GET",
      path,
      undefined,
      as(key),
    );
    expect(status, JSON.stringify(body)).toBe(200);
    return body;
  };
  const idsFor = async (who: string, more = "") => (await waitingFor(who, more)).data.map(({ id }) => id);

  test("lists what somebody is asked now, in any spelling: by vote, reassignment and delegation", async () => {
    number++;
    const [lead, other, deputy] = [person("lead"), person("other"), person("deputy")];
    const one = await ask(lead, other);
    const two = await ask(lead);
    expect(await idsFor(lead)).toEqual([two.id, one.id]);
    expect(await idsFor(lead.toUpperCase().replace("@", "+x@"))).toEqual([two.id, one.id]);
    expect(await idsFor(lead, "&status=pending")).toEqual([two.id, one.id]);
    expect(await idsFor(lead, "&status=approved")).toEqual([]);
    expect((await waitingFor(lead, "", "ck_other")).data).toEqual([]);
    const page = await waitingFor(lead, "&limit=1");
    expect(page.data).toHaveLength(1);
    expect(await idsFor(lead, `&limit=1&cursor=${page.next_cursor}`)).toEqual([one.id]);

    expect((await service.decide(await linkTo(other), "approve")).status).toBe(200);
    expect(await idsFor(lead)).toEqual([two.id]);
    const period = {
      starts_at: new Date().toISOString(),
      ends_at: new Date(Date.now() + 60_000).toISOString(),
    };
    const delegation = { from: lead, to: deputy, ...period };
    const made = await service.call<{ id: string }>("POST", "/v1/delegations", delegation);
    await asks(two.id, deputy);
    expect([await idsFor(lead), await idsFor(deputy)]).toEqual([[], [two.id]]);
    await service.call("DELETE", `/v1/delegations/${made.body.id}`);
    await asks(two.id, lead);
    await command(two.id, "reassign", { from: lead, to: other });
    await asks(two.id, other);
    expect([await idsFor(lead), await idsFor(deputy), await idsFor(other)]).toEqual([[], [], [two.id]]);
  });

  test("takes an address alone", async () => {
    expect(await service.call("GET", "/v1/approvals?waiting_for=me")).toMatchObject({
      status: 400,
      body: { errors: [{ path: "waiting_for", message: "must be an email address" }] },
    });
  });
});
