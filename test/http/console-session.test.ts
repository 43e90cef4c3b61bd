import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SessionAnswer } from "../../src/contract/answers/sessions.ts";
import { startTestService, type Answer, type TestService } from "../helpers/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService({
    API_KEYS: "dev:admin:ck_dev,dev:viewer:ck_viewer",
    OPERATORS: "dev:finance:finance@example.com",
  });
});
afterAll(() => service?.end());

/** The token cookie that an answer sets. */
const cookieOf = (headers: Headers): string => {
  const [pair = ""] = (headers.getSetCookie().at(-1) ?? "").split(";");
  return pair;
};

/** A request as a browser that has this cookie sends it: without an API key. */
async function browse<T = Record<string, unknown>>(
  method: string,
  path: string,
  {
    cookie = "",
    body,
    headers = {},
  }: { cookie?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer<T>> {
  const response = await fetch(service.url + path, {
    method,
    redirect: "manual",
    headers: {
      ...(cookie ? { cookie } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      "idempotency-key": `browser-${Math.random()}`,
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = response.headers.get("content-type")?.includes("json");
  return { status: response.status, headers: response.headers, body: (json ? JSON.parse(text) : text) as T };
}

async function signIn(key = "ck_dev"): Promise<{ cookie: string; session: SessionAnswer }> {
  const answer = await browse<SessionAnswer>("POST", "/console/session", { body: { key } });
  expect(answer.status).toBe(200);
  return { cookie: cookieOf(answer.headers), session: answer.body };
}

const order = { reference: "PO-console", amount: 1250, currency: "usd" };

describe("signing in with an API key", () => {
  test("gives the key's tenant, role and user, and a cookie that scripts and other sites do not get", async () => {
    const answer = await browse<SessionAnswer>("POST", "/console/session", { body: { key: "ck_dev" } });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      object: "session",
      tenant: "dev",
      role: "admin",
      user: "dev@example.com",
      tenants: [{ tenant: "dev", role: "admin" }],
      environment: "development",
      mailbox: true,
      provider: { name: "stripe", url: service.providerUrl },
      sign_in: ["key", "mail"],
    });
    expect(answer.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^countersign=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
    const again = await browse("GET", "/console/session", { cookie: cookieOf(answer.headers) });
    expect(again.body).toMatchObject({ csrf: answer.body.csrf, user: "dev@example.com" });
  });

  test("with a key that nobody has is refused, and without a session one is told how to sign in", async () => {
    const refused = await browse("POST", "/console/session", { body: { key: "ck_wrong" } });
    expect(refused).toMatchObject({ status: 401, body: { code: "unauthorized" } });
    expect(refused.headers.getSetCookie()).toEqual([]);
    const nobody = await browse("GET", "/console/session");
    expect(nobody).toMatchObject({ status: 401, body: { code: "unauthorized", sign_in: ["key", "mail"] } });
  });

  test("an API key alone is no session", async () => {
    expect((await service.call("GET", "/console/session")).status).toBe(401);
  });
});

describe("what a session may", () => {
  test("is what its role may, and what is done is in its user's name", async () => {
    const { cookie, session } = await signIn();
    const headers = { "x-csrf-token": session.csrf };
    const created = await browse<{ id: string }>("POST", "/v1/orders", { cookie, headers, body: order });
    expect(created.status).toBe(201);
    const trail = await service.trail(created.body.id);
    expect(trail[0]).toMatchObject({ type: "order.created", actor: { type: "api", id: "dev@example.com" } });

    const viewer = await signIn("ck_viewer");
    expect((await browse("GET", "/v1/orders", { cookie: viewer.cookie })).status).toBe(200);
    const tried = await browse("POST", "/v1/orders", {
      cookie: viewer.cookie,
      headers: { "x-csrf-token": viewer.session.csrf },
      body: order,
    });
    expect(tried).toMatchObject({ status: 403, body: { code: "forbidden" } });
  });

  test("changes nothing without its token, with another's, or from another site", async () => {
    const { cookie, session } = await signIn();
    const other = await signIn();
    const before = await service.call<{ data: unknown[] }>("GET", "/v1/orders?limit=100");
    const attempts: Record<string, string>[] = [
      {},
      { "x-csrf-token": other.session.csrf },
      { "x-csrf-token": session.csrf, origin: "https://evil.example" },
      { "x-csrf-token": session.csrf, origin: "null" },
      { "x-csrf-token": session.csrf, "sec-fetch-site": "cross-site" },
      { "x-csrf-token": session.csrf, "sec-fetch-site": "same-site" },
    ];
    for (const headers of attempts)
      expect(
        await browse("POST", "/v1/orders", { cookie, headers, body: order }),
        JSON.stringify(headers),
      ).toMatchObject({
        status: 403,
        body: { code: "forbidden" },
      });
    expect(
      await browse("GET", "/v1/orders", { cookie, headers: { origin: "https://evil.example" } }),
    ).toMatchObject({
      status: 403,
    });
    const after = await service.call<{ data: unknown[] }>("GET", "/v1/orders?limit=100");
    expect(after.body.data).toEqual(before.body.data);
  });

  test("ends when its user signs out, for whoever still has the cookie", async () => {
    const { cookie, session } = await signIn();
    const forged = await browse("DELETE", "/console/session", { cookie });
    expect(forged.status).toBe(403);
    const headers = { "x-csrf-token": session.csrf };
    const out = await browse("DELETE", "/console/session", { cookie, headers });
    expect(out.status).toBe(204);
    expect(out.headers.getSetCookie()).toEqual([expect.stringContaining("Max-Age=0")]);
    expect((await browse("GET", "/v1/orders", { cookie })).status).toBe(401);
  });

  test("a sign-in replaces the session that the browser had", async () => {
    const { cookie } = await signIn();
    await browse("POST", "/console/session", { cookie, body: { key: "ck_viewer" } });
    expect((await browse("GET", "/v1/orders", { cookie })).status).toBe(401);
  });
});

describe("signing in by mail", () => {
  test("mails an operator a link whose button signs in, once", async () => {
    const asked = await browse("POST", "/console/sign-in", { body: { email: "Finance@example.com" } });
    expect(asked.status).toBe(202);
    const mail = await service.mail("finance@example.com");
    const link = new URL(mail.links.find((url) => url.includes("/console/sign-in/")) ?? "").pathname;
    // A scanner opens it, twice, and posts what it finds from elsewhere.
    expect((await browse("GET", link)).status).toBe(200);
    const page = await browse<string>("GET", link);
    expect(page.body).toContain("finance@example.com");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect((await browse("POST", link, { headers: { origin: "https://evil.example" } })).status).toBe(403);

    const scripted = {
      "sec-ch-ua": '"Chromium"',
      "sec-fetch-mode": "navigate",
      "sec-fetch-site": "same-origin",
    };
    expect((await browse("POST", link, { headers: scripted })).status).toBe(403);

    const done = await browse("POST", link, { headers: { ...scripted, "sec-fetch-user": "?1" } });
    expect(done).toMatchObject({ status: 303 });
    expect(done.headers.get("location")).toBe("/");
    const cookie = cookieOf(done.headers);
    const session = await browse("GET", "/console/session", { cookie });
    expect(session.body).toMatchObject({ tenant: "dev", role: "finance", user: "finance@example.com" });

    const again = await browse("POST", link);
    expect(again.status).toBe(404);
    expect(again.headers.getSetCookie()).toEqual([]);
  });

  test("the mail alone can be shown in a frame of the console, with its styles and without scripts", async () => {
    const { id, html } = await service.mail("finance@example.com");
    const shown = await browse<string>("GET", `/dev/mailbox/${id}`);
    expect(shown.body).toContain('<base target="_blank">');
    expect(shown.body.replace('<base target="_blank">', "")).toBe(html);
    const policy = shown.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'; style-src 'unsafe-inline'");
    expect(policy).toContain("frame-ancestors 'self'");
    expect((await browse("GET", "/dev/mailbox/mail_999999")).status).toBe(404);
  });

  test("answers a stranger alike, and mails nothing", async () => {
    const asked = await browse("POST", "/console/sign-in", { body: { email: "sam@example.com" } });
    const operator = await browse("POST", "/console/sign-in", { body: { email: "finance@example.com" } });
    expect([asked.status, asked.body]).toEqual([operator.status, operator.body]);
    // The operator's mail is there by now; the stranger's would be before it.
    await service.mail("finance@example.com", ({ links }) => links.length > 0);
    const mails = (await (
      await fetch(`${service.url}/dev/mailbox.json?to=sam@example.com`)
    ).json()) as unknown[];
    expect(mails).toEqual([]);
  });

  test("an invented link opens nothing", async () => {
    expect((await browse("POST", `/console/sign-in/${"x".repeat(43)}`)).status).toBe(404);
    expect((await browse("POST", "/console/sign-in/short")).status).toBe(404);
  });
});
