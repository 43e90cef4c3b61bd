import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { insertDelegation } from "../../src/db/delegations.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let db: pg.Client;
beforeAll(async () => {
  service = await startTestService();
  db = new pg.Client(service.databaseUrl);
  await db.connect();
});
afterAll(async () => {
  await db?.end();
  await service?.end();
});

interface Approval {
  id: string;
  status: string;
  gate: string | null;
  revision: number;
  content_hash: string;
  waiting_for: string[];
  votes: { approver: string; decision: string }[];
}

let number = 0;
/** Addresses of this test alone, so that each has a mailbox of its own. */
const person = (name: string): string => `${name}.${number}@example.com`;

async function ask(gates: Record<string, unknown>[], more: Record<string, unknown> = {}): Promise<Approval> {
  const title = `Purchase ${number}`;
  const { status, body } = await service.call<Approval>("POST", "/v1/approvals", { title, gates, ...more });
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
}
const read = async (id: string) => (await service.call<Approval>("GET", `/v1/approvals/${id}`)).body;
const command = async (id: string, name: string, body: Record<string, unknown>) =>
  expect((await service.call("POST", `/v1/approvals/${id}/${name}`, body)).status).toBe(202);
const gateIs = (id: string, name: string) =>
  service.until(
    () => read(id),
    (approval) => approval.gate === name,
  );
/** The link in the newest asking mail to somebody. */
const linkTo = async (to: string, not: string[] = []): Promise<string> =>
  (await service.mail(to, (mail) => mail.links.length > 0 && !not.includes(mail.links[0] ?? ""))).links[0] ??
  "";

async function open(link: string): Promise<{ status: number; text: string }> {
  const page = await fetch(link);
  return { status: page.status, text: textOf(await page.text()) };
}
async function post(link: string, form: Record<string, string>): Promise<{ status: number; text: string }> {
  const page = await fetch(link, { method: "POST", body: new URLSearchParams(form) });
  return { status: page.status, text: textOf(await page.text()) };
}
const textOf = (html: string): string =>
  html
    .replace(/[\s\S]*<main>/, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ");

const CANNOT_DECIDE = "Your decision was not taken";

/** That this link decides nothing, whatever it posts. */
async function expectClosed(link: string, id: string): Promise<void> {
  const before = await read(id);
  for (const decision of ["approve", "reject", "request_changes"]) {
    for (const content_hash of [undefined, before.content_hash]) {
      const answer = await post(link, { decision, ...(content_hash ? { content_hash } : {}) });
      expect(answer.status).toBe(409);
      expect(answer.text).toContain(CANNOT_DECIDE);
    }
  }
  const { votes, status, gate } = await read(id);
  expect({ votes, status, gate }).toEqual({
    votes: before.votes,
    status: before.status,
    gate: before.gate,
  });
}

describe("a link", () => {
  test("decides at its gate, explains itself afterwards, and never answers the next gate", async () => {
    number++;
    const [lead, other, cfo] = [person("lead"), person("other"), person("cfo")];
    const { id } = await ask([
      { name: "first", approvers: [lead, other, cfo] },
      { name: "second", approvers: [cfo] },
    ]);
    const [ofLead, ofOther, ofCfo] = [await linkTo(lead), await linkTo(other), await linkTo(cfo)];
    expect((await open(ofLead)).text).toContain("Your decision is needed");
    expect(await post(ofLead, { decision: "approve", comment: "go" })).toMatchObject({ status: 200 });
    await gateIs(id, "second");

    const again = await open(ofLead);
    expect(again.text).toContain("You approved this");
    expect(again.text).toContain(`${cfo} decides`);
    expect((await post(ofLead, { decision: "approve" })).status).toBe(200);
    expect(await post(ofLead, { decision: "reject" })).toMatchObject({ status: 409 });
    expect((await open(ofOther)).text).toContain(`${lead} approved this`);
    await expectClosed(ofOther, id);

    // The same person has a question of the next gate: this link is not for it, and says so.
    const early = await open(ofCfo);
    expect(early.text).toContain(`${lead} approved this`);
    expect(early.text).toContain("You are asked again about this");
    await expectClosed(ofCfo, id);

    const ofCfoAgain = await linkTo(cfo, [ofCfo]);
    expect((await post(ofCfoAgain, { decision: "reject", comment: "not now" })).text).toContain(
      "You rejected this",
    );
    expect((await open(ofLead)).text).toContain("You approved this");
    expect((await open(ofLead)).text).toMatch(new RegExp(`${cfo} rejected.*not now`));
    expect((await open(ofOther)).text).toContain(`${cfo} rejected this`);
    await expectClosed(ofOther, id);
  });

  test("answers a double click once, and a contradiction with what was decided", async () => {
    number++;
    const lead = person("lead");
    const { id } = await ask([{ name: "first", approvers: [lead, person("other")], need: 2 }]);
    const link = await linkTo(lead);
    const clicks = await Promise.all(
      ["approve", "approve", "reject"].map((decision) => post(link, { decision })),
    );
    const { votes } = await read(id);
    expect(votes).toHaveLength(1);
    const took = votes[0]?.decision === "approve" ? [200, 200, 409] : [409, 409, 200];
    expect(clicks.map(({ status }) => status)).toEqual(took);
  });

  test("that was reassigned or revoked says so without what it was about, and decides nothing", async () => {
    number++;
    const [lead, deputy, other] = [person("lead"), person("deputy"), person("other")];
    const { id } = await ask([{ name: "first", approvers: [lead, other], need: 1 }]);
    const [ofLead, ofOther] = [await linkTo(lead), await linkTo(other)];
    await command(id, "reassign", { from: lead, to: deputy });
    await command(id, "revoke", { approver: other });
    const ofDeputy = await linkTo(deputy);
    await service.until(
      () => open(ofOther),
      ({ text }) => text.includes("This link was taken back"),
    );
    const moved = await open(ofLead);
    expect(moved.text).toContain(`${deputy} is asked in your place`);
    for (const page of [moved, await open(ofOther)]) expect(page.text).not.toContain("Purchase");
    await expectClosed(ofLead, id);
    await expectClosed(ofOther, id);
    const mails = (await (await fetch(`${service.url}/dev/mailbox.json?to=${lead}`)).json()) as unknown[];
    expect(await post(ofLead, { action: "fresh_link" })).toMatchObject({ status: 409 });
    expect(await (await fetch(`${service.url}/dev/mailbox.json?to=${lead}`)).json()).toHaveLength(
      mails.length,
    );

    // Back in their place, the first link is good again.
    await command(id, "reassign", { from: deputy, to: lead });
    await service.until(
      () => open(ofLead),
      ({ text }) => text.includes("Your decision is needed"),
    );
    await expectClosed(ofDeputy, id);
    expect((await post(ofLead, { decision: "approve" })).status).toBe(200);
    expect((await open(ofDeputy)).text).toContain(`${lead} is asked in your place`);
  });

  test("of whoever decides in another's place is good as long as that lasts", async () => {
    number++;
    const [lead, away, deputy] = [person("lead"), person("away"), person("deputy")];
    const ends_at = new Date(Date.now() + 6_000).toISOString();
    const from = { id: `dlg_${number}`, from: away, starts_at: new Date(0).toISOString() };
    await insertDelegation(db, "dev", { ...from, to: deputy, ends_at }, "ops@example.com");
    const { id } = await ask([{ name: "first", approvers: [lead, away], need: 2 }]);
    const ofDeputy = await linkTo(deputy);
    expect((await open(ofDeputy)).text).toContain("Your decision is needed");
    const rest = Date.parse(ends_at) - Date.now();
    if (rest > 0) await new Promise((done) => setTimeout(done, rest + 50));
    expect((await open(ofDeputy)).text).toContain("You are not asked any more");
    await expectClosed(ofDeputy, id);
    expect((await post(await linkTo(away), { decision: "approve" })).text).toContain("You approved this");
    expect((await read(id)).status).toBe("pending");
  });

  test("of a place that is taken shows who took it", async () => {
    number++;
    const [lead, away, deputy] = [person("lead"), person("away"), person("deputy")];
    const lasts = {
      starts_at: new Date(0).toISOString(),
      ends_at: new Date(Date.now() + 60_000).toISOString(),
    };
    await insertDelegation(db, "dev", { id: `dlg_${number}`, from: away, to: deputy, ...lasts }, "ops");
    const { id } = await ask([{ name: "first", approvers: [lead, away], need: 2 }]);
    const ofDeputy = await linkTo(deputy);
    await command(id, "resend", { approver: away });
    const ofAway = await linkTo(away);
    expect((await post(ofAway, { decision: "approve" })).status).toBe(200);
    expect((await open(ofDeputy)).text).toContain(`${away} approved this`);
    await expectClosed(ofDeputy, id);
  });

  test("is closed at the deadline, though the workflow sleeps", async () => {
    number++;
    const [lead, second] = [person("lead"), person("second")];
    const { id } = await ask([
      { name: "first", approvers: [lead] },
      { name: "second", approvers: [second] },
    ]);
    const ofLead = await linkTo(lead);
    await post(ofLead, { decision: "approve" });
    const ofSecond = await linkTo(second);
    await service.until(
      () => read(id),
      (approval) => approval.waiting_for.includes(second),
    );
    const past = new Date(Date.now() - 1_000).toISOString();
    await db.query(
      `update countersign.approvals set state = jsonb_set(state, '{deadline_at}', to_jsonb($2::text)) where id = $1`,
      [id, past],
    );
    expect((await open(ofSecond)).text).toContain("Not everybody decided until");
    const mine = await open(ofLead);
    expect(mine.text).toContain("You approved this");
    expect(mine.text).toContain("Not everybody decided until");
    expect((await post(ofSecond, { decision: "approve" })).status).toBe(409);
    expect((await read(id)).votes).toHaveLength(1);
  });

  test("of what the policy approves by silence says that nobody decided", async () => {
    number++;
    const lead = person("lead");
    const { id } = await ask([{ name: "first", approvers: [lead] }]);
    const link = await linkTo(lead);
    await db.query(
      `update countersign.approvals set state = jsonb_set(
         jsonb_set(state, '{deadline_at}', to_jsonb($2::text)), '{plan,on_timeout}', '"approve"') where id = $1`,
      [id, new Date(Date.now() - 1_000).toISOString()],
    );
    const page = await open(link);
    expect(page.text).toContain("Approved");
    expect(page.text).toContain("Nobody decided in time, and the policy approves then.");
    expect((await post(link, { decision: "reject" })).status).toBe(409);
  });
});

describe("what is posted", () => {
  test("is looked at: a bad form is said, kept, and decides nothing", async () => {
    number++;
    const lead = person("lead");
    const { id } = await ask([{ name: "first", approvers: [lead] }]);
    const link = await linkTo(lead);
    for (const [form, says] of [
      [{}, "decision must be one of"],
      [{ decision: "yes", comment: "kept" }, "kept"],
      [{ decision: "approve", comment: "x".repeat(2_001) }, "comment must be at most 2000 characters"],
      [{ decision: "approve", comment: "a\u0000b" }, "comment must be valid Unicode"],
    ] as const) {
      const answer = await post(link, form);
      expect(answer.status).toBe(400);
      expect(answer.text).toContain(says);
    }
    const other = await post(link, { decision: "approve", content_hash: "0".repeat(64), comment: "kept" });
    expect(other.status).toBe(409);
    expect(other.text).toContain("What is asked has changed");
    expect(other.text).toContain("kept");
    expect((await fetch(link, { method: "POST", body: '{"decision":"approve"}' })).status).toBe(415);
    expect((await read(id)).votes).toEqual([]);
    // Lines as browsers send them, and as many characters as they let people type.
    const comment = `${"x".repeat(1_900)}${"\r\n".repeat(100)}`;
    expect((await post(link, { decision: "reject", comment })).status).toBe(200);
  });

  test("to a link that never was finds nothing, whatever it is", async () => {
    for (const token of ["x", "v1.short", `v1.${"A".repeat(43)}`, "..%2f", `v1.${"A".repeat(42)}%00`]) {
      const answer = await open(`${service.url}/a/${token}`);
      expect(answer.status).toBe(404);
      expect(answer.text).toContain("This link leads nowhere");
    }
    expect((await post(`${service.url}/a/v1.${"A".repeat(43)}`, { decision: "approve" })).status).toBe(404);
    expect((await fetch(`${service.url}/a/v1.${"A".repeat(43)}`, { method: "DELETE" })).status).toBe(405);
  });

  test("by a script instead of a person is asked for again", async () => {
    number++;
    const lead = person("lead");
    const { id } = await ask([{ name: "first", approvers: [lead] }]);
    const link = await linkTo(lead);
    const send = (headers: Record<string, string>) =>
      fetch(link, { method: "POST", headers, body: new URLSearchParams({ decision: "approve" }) });
    const chromium = { "sec-ch-ua": '"Chromium";v="150"' };
    expect((await send({ ...chromium, "sec-fetch-mode": "navigate" })).status).toBe(400);
    expect((await read(id)).votes).toEqual([]);
    expect((await send({ ...chromium, "sec-fetch-mode": "navigate", "sec-fetch-user": "?1" })).status).toBe(
      200,
    );
  });
});

test("a fresh link goes to the approver on file only, and not often", async () => {
  number++;
  const [first, second] = [person("first"), person("second")];
  const { id } = await ask([
    { name: "first", approvers: [first, second] },
    { name: "second", approvers: [second] },
  ]);
  const [old, mine] = [await linkTo(second), await linkTo(first)];
  // Good links need no other.
  expect((await post(old, { action: "fresh_link" })).status).toBe(409);
  await post(mine, { decision: "approve" });
  await linkTo(second, [old]);
  const form = {
    action: "fresh_link",
    to: "thief@example.com",
    approver: "thief@example.com",
    email: "thief@example.com",
  };
  const answers = [];
  for (let i = 0; i < 5; i++) answers.push(await post(old, form));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
  expect(answers[0]?.text).toContain("Look into the inbox of s•••@example.com");
  expect(answers[4]?.text).toContain("Links were mailed already");
  for (const { text } of answers) expect(text).not.toContain(second);
  const inbox = async (to: string) =>
    (await (await fetch(`${service.url}/dev/mailbox.json?to=${to}`)).json()) as { links: string[] }[];
  await service.until(
    () => inbox(second),
    (mails) => mails.length === 5,
  );
  expect(await inbox("thief@example.com")).toEqual([]);
  // All of them carry the one link of this person, gate and revision.
  expect(new Set((await inbox(second)).map((mail) => mail.links[0])).size).toBe(2);
  expect((await post(await linkTo(second), { decision: "approve" })).status).toBe(200);
  expect((await read(id)).status).toBe("approved");
});

test("who tries too often is told to wait", async () => {
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => post(`${service.url}/a/v1.${"B".repeat(43)}`, {})),
  );
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThanOrEqual(10);
  expect(refused[0]?.text).toContain("Too many tries");
});
