import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService({
    API_KEYS: [
      "dev:admin:ck_dev:admin@example.com",
      "dev:finance:ck_finance:finance@example.com",
      "dev:support:ck_support:finance@example.com",
      "dev:viewer:ck_viewer",
      "other:admin:ck_other",
    ].join(","),
  });
});
afterAll(() => service?.end());

interface Delegation {
  id: string;
  object: string;
  status: string;
  from: string;
  to: string;
  starts_at: string;
  ends_at: string;
  created_by: string;
}
interface Approval {
  id: string;
  status: string;
  gate: string | null;
  waiting_for: string[];
  votes: { approver: string; decision: string }[];
  history: { type: string; actor: { id: string }; data: Record<string, unknown> }[];
}

const DAY = 86_400_000;
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();
const as = (key: string) => ({ authorization: `Bearer ${key}` });

let number = 0;
/** Addresses of one test alone, so that each has a mailbox of its own. */
const person = (name: string): string => `${name}.${number}@example.com`;

const delegate = (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  service.call<Delegation & { code: string; detail: string; errors: { path: string; message: string }[] }>(
    "POST",
    "/v1/delegations",
    { starts_at: inMs(-1_000), ends_at: inMs(DAY), ...body },
    headers,
  );
async function away(from: string, to: string, period: Record<string, string> = {}): Promise<Delegation> {
  const { status, body } = await delegate({ from, to, ...period });
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
}
const back = async (id: string) =>
  expect((await service.call("DELETE", `/v1/delegations/${id}`)).status).toBe(204);

async function ask(gates: Record<string, unknown>[], more: Record<string, unknown> = {}): Promise<Approval> {
  const request = { title: `Purchase ${number}`, gates, ...more };
  const { status, body } = await service.call<Approval>("POST", "/v1/approvals", request);
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
}
const read = async (id: string) => (await service.call<Approval>("GET", `/v1/approvals/${id}`)).body;
const asks = (id: string, ...people: string[]) =>
  service.until(
    () => read(id),
    ({ waiting_for }) => JSON.stringify(waiting_for) === JSON.stringify(people),
  );
const told = (approval: Approval, type: string) => approval.history.filter((entry) => entry.type === type);
const mailsTo = async (to: string) =>
  (await (await fetch(`${service.url}/dev/mailbox.json?to=${to}`)).json()) as { links: string[] }[];
const linkTo = async (to: string): Promise<string> => (await service.mail(to)).links[0] ?? "";
const post = async (link: string, decision: string) => {
  const page = await fetch(link, { method: "POST", body: new URLSearchParams({ decision }) });
  return { status: page.status, text: await page.text() };
};

describe("a delegation", () => {
  test("asks the deputy by a mail of their own, who decides once, and the history says so", async () => {
    number++;
    const [cfo, deputy] = [person("cfo"), person("deputy")];
    const made = await away(cfo, deputy);
    expect(made).toMatchObject({
      object: "delegation",
      status: "active",
      from: cfo,
      to: deputy,
      created_by: "admin@example.com",
    });
    const { id } = await ask([{ name: "management", approvers: [cfo] }]);
    const link = await linkTo(deputy);
    expect(await mailsTo(cfo)).toEqual([]);
    const open = await read(id);
    expect(open.waiting_for).toEqual([deputy]);
    expect(told(open, "approval.delegated")).toMatchObject([
      {
        data: { delegation_id: made.id, from: cfo, to: deputy, until: made.ends_at, by: "admin@example.com" },
      },
    ]);
    expect(await post(link, "approve")).toMatchObject({ status: 200 });
    const decided = await read(id);
    expect(decided).toMatchObject({ status: "approved", votes: [{ approver: deputy }] });
    expect(told(decided, "approval.voted")).toMatchObject([{ data: { in_place_of: cfo } }]);
  });

  test("made while an approval waits asks the deputy too, and taken back it asks the approver again", async () => {
    number++;
    const [lead, cfo, deputy] = [person("lead"), person("cfo"), person("deputy")];
    const first = await ask([
      { name: "one", approvers: [lead] },
      { name: "two", approvers: [cfo] },
    ]);
    const { id } = await ask([{ name: "management", approvers: [cfo, lead] }]);
    await asks(id, cfo, lead);
    const made = await away(`${cfo.replace("@", "+holiday@")}`, deputy);
    await asks(id, deputy, lead);
    const link = await linkTo(deputy);
    await back(made.id);
    await asks(id, cfo, lead);

    const late = await post(link, "approve");
    expect(late.status).toBe(409);
    expect(late.text).toContain("You are not asked any more");
    await service.until(
      () => mailsTo(cfo),
      (mails) => mails.length === 2,
    );
    const approval = await read(id);
    expect(approval.votes).toEqual([]);
    expect(told(approval, "approval.delegated")).toMatchObject([{ actor: { id: "admin@example.com" } }]);
    expect(told(approval, "approval.delegation_ended")).toMatchObject([
      { actor: { id: "admin@example.com" }, data: { to: deputy, because: "taken back" } },
    ]);
    expect((await service.call("GET", `/v1/delegations/${made.id}`)).status).toBe(404);
    expect((await service.call("DELETE", `/v1/delegations/${made.id}`)).status).toBe(404);
    // It was only about to be asked: nothing changed there.
    expect(told(await read(first.id), "approval.delegated")).toEqual([]);
  });

  test("lets the deputy decide by API too, as long as it holds", async () => {
    number++;
    const cfo = person("cfo");
    const made = await away(cfo, "finance@example.com");
    const { id } = await ask([{ name: "management", approvers: [cfo, person("ceo")], need: 2 }]);
    const decide = (of: string) =>
      service.call(
        "POST",
        `/v1/approvals/${of}/decisions`,
        { decision: "approve", comment: "" },
        as("ck_finance"),
      );
    expect(await decide(id)).toMatchObject({
      status: 200,
      body: { votes: [{ approver: "finance@example.com" }] },
    });
    expect((await decide(id)).status).toBe(409);
    const other = await ask([{ name: "management", approvers: [cfo] }]);
    await back(made.id);
    await asks(other.id, cfo);
    expect((await decide(other.id)).status).toBe(403);
  });

  test("ends by itself: the approver decides again, and the deputy's late click explains itself", async () => {
    number++;
    const [cfo, deputy] = [person("cfo"), person("deputy")];
    await away(cfo, deputy, { ends_at: inMs(3_000) });
    const { id } = await ask([{ name: "management", approvers: [cfo] }]);
    const link = await linkTo(deputy);
    await asks(id, cfo);
    const late = await post(link, "approve");
    expect(late).toMatchObject({ status: 409 });
    expect(late.text).toContain("decided in somebody else&#39;s place is over");
    expect(await post(await linkTo(cfo), "approve")).toMatchObject({ status: 200 });
    expect(told(await read(id), "approval.delegation_ended")).toMatchObject([
      { actor: { id: "countersign" }, data: { because: "over" } },
    ]);
  });

  test("in an order's approval is told once in the order's trail", async () => {
    number++;
    const deputy = person("deputy");
    const order = await service.create({ amount: 125_000 });
    await service.pay(order);
    await service.until(
      () => service.order(order.id),
      ({ approval }) => approval !== null,
    );
    const made = await away("controller@example.com", deputy);
    const waits = async () => (await service.order(order.id)).approval?.waiting_for ?? [];
    await service.until(waits, (people) => people.includes(deputy));
    expect(await post(await linkTo(deputy), "approve")).toMatchObject({ status: 200 });
    await service.reached(order.id, "completed");
    const trail = await service.trail(order.id);
    expect(trail.filter(({ type }) => type === "approval.delegated")).toMatchObject([
      {
        actor: { type: "api", id: "admin@example.com" },
        data: { from: "controller@example.com", to: deputy },
      },
    ]);
    expect(trail.find(({ type }) => type === "approval.voted")).toMatchObject({
      data: { in_place_of: "controller@example.com" },
    });
    await back(made.id);
  });

  test("to whoever requested it does not hold there: nobody approves what they asked for", async () => {
    number++;
    const [cfo, sam] = [person("cfo"), person("sam")];
    await away(cfo, sam);
    const { id } = await ask([{ name: "management", approvers: [cfo] }], { requested_by: sam });
    await service.mail(cfo);
    expect((await read(id)).waiting_for).toEqual([cfo]);
    expect(await mailsTo(sam)).toEqual([]);
  });

  test("to somebody who is asked already counts one person once", async () => {
    number++;
    const [cfo, ceo] = [person("cfo"), person("ceo")];
    await away(cfo, ceo);
    const { id } = await ask([{ name: "board", approvers: [cfo, ceo], need: 2 }]);
    expect((await read(id)).waiting_for).toEqual([ceo]);
    const link = await linkTo(ceo);
    expect(await post(link, "approve")).toMatchObject({ status: 200 });
    expect((await post(link, "approve")).status).toBe(200);
    // The second voice has to be another person's: it waits for who is away.
    expect(await read(id)).toMatchObject({
      status: "pending",
      waiting_for: [cfo],
      votes: [{ approver: ceo }],
    });
    expect(await post(await linkTo(cfo), "approve")).toMatchObject({ status: 200 });
    expect((await read(id)).status).toBe("approved");
  });

  test("is not handed on, in a chain or in a circle", async () => {
    number++;
    const [a, b, c] = [person("a"), person("b"), person("c")];
    await away(a, b);
    await away(b, c);
    const chain = await ask([{ name: "one", approvers: [a] }]);
    expect(chain.waiting_for).toEqual([b]);
    const [d, e] = [person("d"), person("e")];
    await away(d, e);
    await away(e, d);
    const circle = await ask([{ name: "one", approvers: [d, e], need: 2 }]);
    expect(circle.waiting_for.toSorted()).toEqual([d, e]);
    for (const link of [await linkTo(d), await linkTo(e)])
      expect(await post(link, "approve")).toMatchObject({ status: 200 });
    expect((await read(circle.id)).status).toBe("approved");
    expect(await mailsTo(c)).toEqual([]);
  });
});

test("approvals that are opened while a delegation is made are asked of the deputy, all of them", async () => {
  number++;
  const [cfo, deputy] = [person("cfo"), person("deputy")];
  const [made, ...opened] = await Promise.all([
    away(cfo, deputy),
    ...Array.from({ length: 12 }, () => ask([{ name: "management", approvers: [cfo] }])),
  ]);
  for (const { id } of opened) await asks(id, deputy);
  const [, ...further] = await Promise.all([
    back(made.id),
    ...Array.from({ length: 12 }, () => ask([{ name: "management", approvers: [cfo] }])),
  ]);
  for (const { id } of [...opened, ...further]) await asks(id, cfo);
});

test("a reassignment to somebody who goes away at the same moment asks their deputy", async () => {
  for (let i = 0; i < 6; i++) {
    number++;
    const [lead, cfo, deputy] = [person("lead"), person("cfo"), person("deputy")];
    const { id } = await ask([{ name: "management", approvers: [lead] }]);
    await Promise.all([
      away(cfo, deputy),
      service.call("POST", `/v1/approvals/${id}/reassign`, { from: lead, to: cfo }),
    ]);
    await asks(id, deputy);
  }
});

describe("what is asked for", () => {
  test.each([
    [{}, "to", /must be an email/],
    [{ to: "nobody" }, "to", /email/],
    [{ to: "CFO+away@Example.com" }, "to", /same person/],
    [{ to: "b@example.com", starts_at: "tomorrow" }, "starts_at", /RFC 3339/],
    [{ to: "b@example.com", ends_at: inMs(-2_000) }, "ends_at", /after starts_at/],
    [{ to: "b@example.com", starts_at: inMs(-DAY), ends_at: inMs(-1) }, "ends_at", /future/],
    [{ to: "b@example.com", ends_at: inMs(367 * DAY) }, "ends_at", /at most a year/],
    [{ to: "b@example.com", days: 3 }, "days", /remove it/],
  ])("%j is refused for its %s, with the remedy", async (body, path, remedy) => {
    const { status, body: problem } = await delegate({ from: "cfo@example.com", ...body });
    expect(status).toBe(400);
    expect(problem.errors).toContainEqual({ path, message: expect.stringMatching(remedy) as string });
  });

  test("twice is made once: by its key again, and by another key not at all", async () => {
    number++;
    const [cfo, deputy] = [person("cfo"), person("deputy")];
    const body = { from: cfo, to: deputy, starts_at: inMs(0), ends_at: inMs(DAY) };
    const key = { "idempotency-key": `delegation-${number}` };
    const [first, second] = await Promise.all([delegate(body, key), delegate(body, key)]);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect([first, second].map(({ headers }) => headers.get("idempotent-replayed")).sort()).toEqual(
      ["true", null].sort(),
    );
    expect(await delegate({ ...body, to: person("x") }, key)).toMatchObject({
      status: 422,
      body: { code: "idempotency_mismatch" },
    });
    const other = await delegate({ ...body, to: person("x") });
    expect(other).toMatchObject({ status: 409, body: { code: "conflict" } });
    expect(other.body.detail).toContain(first.body.id);
    const then = await delegate({ ...body, to: person("x"), starts_at: inMs(DAY), ends_at: inMs(2 * DAY) });
    expect(then).toMatchObject({ status: 201, body: { status: "scheduled" } });
  });

  test("needs a key", async () => {
    const { status, body } = await delegate(
      { from: "a@example.com", to: "b@example.com" },
      { "idempotency-key": "" },
    );
    expect([status, body.code]).toEqual([400, "idempotency_key_required"]);
  });
});

describe("who may", () => {
  test("finance for itself, admin for anybody, nobody else, and nobody elsewhere", async () => {
    number++;
    const [cfo, deputy] = [person("cfo"), person("deputy")];
    for (const key of ["ck_viewer", "ck_support"])
      expect((await delegate({ from: "finance@example.com", to: deputy }, as(key))).status).toBe(403);
    const foreign = await delegate({ from: cfo, to: "finance@example.com" }, as("ck_finance"));
    expect(foreign.status).toBe(403);
    expect(foreign.body.detail).toContain("finance@example.com alone");
    const own = await delegate({ from: "Finance+me@example.com", to: deputy }, as("ck_finance"));
    expect(own).toMatchObject({ status: 201, body: { created_by: "finance@example.com" } });
    const ofCfo = await away(cfo, deputy);

    const path = (made: { id: string }) => `/v1/delegations/${made.id}`;
    for (const method of ["GET", "DELETE"])
      expect((await service.call(method, path(ofCfo), undefined, as("ck_other"))).status).toBe(404);
    expect((await service.call("DELETE", path(ofCfo), undefined, as("ck_finance"))).status).toBe(403);
    expect((await service.call("DELETE", path(own.body), undefined, as("ck_viewer"))).status).toBe(403);
    expect((await service.call("GET", path(ofCfo), undefined, as("ck_viewer"))).body).toMatchObject({
      id: ofCfo.id,
      created_by: "admin@example.com",
    });
    expect((await service.call("DELETE", path(own.body), undefined, as("ck_finance"))).status).toBe(204);
    expect(
      (await service.call<{ data: [] }>("GET", "/v1/delegations", undefined, as("ck_other"))).body.data,
    ).toEqual([]);
  });

  test("sees a list, page by page, with those that are over only on request", async () => {
    number++;
    const short = await away(person("a"), person("b"), { ends_at: inMs(500) });
    const long = await away(person("c"), person("d"));
    const ids = async (query: string) => {
      const all: string[] = [];
      for (let next = ""; ;) {
        const path = `/v1/delegations?limit=2${query}${next && `&cursor=${next}`}`;
        const { body } = await service.call<{ data: Delegation[]; next_cursor: string | null }>("GET", path);
        all.push(...body.data.map(({ id }) => id));
        if (body.next_cursor === null) return all;
        next = body.next_cursor;
      }
    };
    const open = await service.until(
      () => ids(""),
      (list) => !list.includes(short.id),
    );
    expect(open).toContain(long.id);
    expect(open).toEqual([...new Set(open)].sort().reverse());
    expect(await ids("&ended=true")).toEqual(expect.arrayContaining([short.id, long.id]));
    expect((await service.call("GET", `/v1/delegations/${short.id}`)).body).toMatchObject({
      status: "ended",
    });
    expect((await service.call("GET", "/v1/delegations?ended=maybe")).status).toBe(400);
    expect((await service.call("GET", "/v1/delegations/dlg_none")).status).toBe(404);
  });
});
