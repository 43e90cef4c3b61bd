import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import type { SessionAnswer } from "../../src/contract/answers/sessions.ts";
import { freePort } from "../helpers/process.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let login: Server;
let issuer: string;
beforeAll(async () => {
  const port = await freePort();
  login = createServer();
  await new Promise<void>((resolve) => login.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(login.address() as AddressInfo).port}`;
  // A person signs in there with an address, which is theirs unless it says otherwise.
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "countersign",
        client_secret: "a secret between the two",
        redirect_uris: [`http://127.0.0.1:${port}/console/oidc/callback`],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: id.replace("claimed:", ""),
        email_verified: !id.startsWith("claimed:"),
      }),
    }),
    cookies: { keys: ["for this test"] },
  });
  const handle = provider.callback();
  login.on("request", (request, response) => void handle(request, response));
  service = await startTestService({
    PORT: String(port),
    API_KEYS: "dev:admin:ck_dev",
    OPERATORS: "dev:finance:finance@example.com,other:viewer:Finance@example.com,third:admin:cfo@example.com",
    OIDC_ISSUER: issuer,
    OIDC_CLIENT_ID: "countersign",
    OIDC_CLIENT_SECRET: "a secret between the two",
  });
}, 60_000);
afterAll(async () => {
  await service?.end();
  login?.closeAllConnections();
  login?.close();
});

/** A browser: it keeps cookies by host, and is asked to go where it is sent. */
function browser() {
  const jars = new Map<string, Map<string, string>>();
  const visit = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const { origin } = new URL(url);
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, { ...init, redirect: "manual", headers: { ...init.headers, cookie } });
    for (const set of answer.headers.getSetCookie()) {
      const [pair = ""] = set.split(";");
      const [name = "", value = ""] = pair.split(/=(.*)/s);
      if (value === "" || /expires=Thu, 01 Jan 1970|Max-Age=0/i.test(set)) jar.delete(name);
      else jar.set(name, value);
    }
    return answer;
  };
  /** Follows until a page is shown, which is not redirected. */
  const follow = async (url: string, init?: RequestInit): Promise<{ url: string; answer: Response }> => {
    const answer = await visit(url, init);
    const location = answer.headers.get("location");
    return location === null || new URL(location, url).pathname === "/"
      ? { url: location === null ? url : new URL(location, url).href, answer }
      : follow(new URL(location, url).href);
  };
  const cookies = (url: string) =>
    [...(jars.get(new URL(url).origin) ?? [])].map(([name, value]) => `${name}=${value}`).join("; ");
  return { visit, follow, cookies };
}

type Browser = ReturnType<typeof browser>;

/** Signs in at the provider's pages, as a person does. */
async function signIn({ follow }: Browser, address: string) {
  const asked = await follow(`${service.url}/console/oidc`);
  expect(asked.url).toMatch(/\/interaction\//);
  const submit = (url: string, fields: Record<string, string>) =>
    follow(url, { method: "POST", body: new URLSearchParams(fields) });
  const consent = await submit(asked.url, { prompt: "login", login: address, password: "any" });
  return submit(consent.url, { prompt: "consent" });
}

describe("single sign-on", () => {
  test("signs in an operator whom the provider vouches for", async () => {
    const person = browser();
    const { answer } = await signIn(person, "Finance@example.com");
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
    const session = await person.visit(`${service.url}/console/session`);
    expect(await session.json()).toMatchObject({
      tenant: "dev",
      role: "finance",
      user: "finance@example.com",
      sign_in: ["key", "mail", "oidc"],
    });
  });

  test("of an operator of two tenants goes on in the other one, whose orders alone are seen then", async () => {
    const person = browser();
    await signIn(person, "finance@example.com");
    const first = (await (await person.visit(`${service.url}/console/session`)).json()) as SessionAnswer;
    expect(first.tenants).toEqual([
      { tenant: "dev", role: "finance" },
      { tenant: "other", role: "viewer" },
    ]);
    const ours = await service.create({ reference: "PO-of-dev" });
    const sees = async () => (await person.visit(`${service.url}/v1/orders/${ours.id}`)).status;
    expect(await sees()).toBe(200);
    const choose = (tenant: string, csrf: string) =>
      person.visit(`${service.url}/console/session/tenant`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-csrf-token": csrf },
        body: JSON.stringify({ tenant }),
      });
    expect((await choose("other", "")).status).toBe(403);
    expect((await choose("third", first.csrf)).status).toBe(403);

    const former = person.cookies(service.url);
    const answer = await choose("other", first.csrf);
    expect(answer.status).toBe(200);
    const second = (await answer.json()) as SessionAnswer;
    expect(second).toMatchObject({ tenant: "other", role: "viewer", user: "finance@example.com" });
    expect(second.tenants).toEqual(first.tenants);
    expect(second.csrf).not.toBe(first.csrf);
    expect(await sees()).toBe(404);
    // What the browser had before is over, and a page that was open may change nothing.
    const old = await fetch(`${service.url}/console/session`, { headers: { cookie: former } });
    expect(old.status).toBe(401);
    expect((await choose("dev", first.csrf)).status).toBe(403);
    expect((await choose("dev", second.csrf)).status).toBe(200);
    expect(await sees()).toBe(200);
  });

  test.each([
    ["a stranger", "sam@example.com", 403],
    ["whose address nobody has verified", "claimed:finance@example.com", 401],
  ])("lets %s in nowhere", async (_, address, status) => {
    const person = browser();
    const { answer } = await signIn(person, address);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toContain("text/html");
    expect((await person.visit(`${service.url}/console/session`)).status).toBe(401);
  });

  test("an answer of the provider is worth nothing in another browser, or twice", async () => {
    const person = browser();
    let stolen = "";
    const watched: Browser = {
      ...person,
      async follow(url, init) {
        const answer = await person.visit(url, init);
        const location = answer.headers.get("location");
        if (location === null) return { url, answer };
        const next = new URL(location, url).href;
        if (next.includes("/console/oidc/callback")) {
          stolen = next;
          return { url: next, answer };
        }
        return watched.follow(next);
      },
    };
    await signIn(watched, "finance@example.com");
    expect(stolen).toContain("code=");
    const thief = browser();
    expect((await thief.visit(stolen)).status).toBe(401);
    await thief.visit(`${service.url}/console/oidc`);
    expect((await thief.visit(stolen)).status).toBe(401);
    expect((await thief.visit(`${service.url}/console/session`)).status).toBe(401);
    expect((await person.visit(stolen)).status).toBe(303);
    expect((await person.visit(stolen)).status).toBe(401);
  });
});

test("settings of single sign-on go together, and production refuses one in the clear", () => {
  const refused = (env: Record<string, string>) => {
    try {
      loadConfig(env, "/nowhere");
      return "";
    } catch (error) {
      return String(error);
    }
  };
  expect(refused({ OIDC_ISSUER: "https://login.example.com" })).toMatch(
    /OIDC_CLIENT_ID: .*OIDC_CLIENT_SECRET: .*OPERATORS: /s,
  );
  expect(refused({ NODE_ENV: "production", OIDC_ISSUER: "http://login.example.com" })).toContain(
    "OIDC_ISSUER: whoever is on the network",
  );
  expect(refused({ OPERATORS: "dev:root:sam" })).toContain("OPERATORS: write tenant:role:address");
});
