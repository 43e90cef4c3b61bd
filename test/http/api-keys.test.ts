import { once } from "node:events";
import pg from "pg";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { createKeyring, REMEMBER_MS } from "../../src/access/keyring.ts";
import { keysCommand } from "../../src/cli/keys.ts";
import type { ApiKeyAnswer, ApiKeyWithKey } from "../../src/contract/answers/api-keys.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
let database: pg.Pool;
beforeAll(async () => {
  service = await startTestService({
    API_KEYS: "dev:admin:ck_dev,dev:finance:ck_finance,elsewhere:admin:ck_stranger",
  });
  database = new pg.Pool({ connectionString: service.databaseUrl, max: 1 });
});
afterAll(async () => {
  await database?.end();
  await service?.end();
});

const as = (key: string) => ({ authorization: `Bearer ${key}` });

async function make(wanted: Record<string, unknown> = {}): Promise<ApiKeyWithKey> {
  const made = await service.call<ApiKeyWithKey>("POST", "/v1/api-keys", { role: "viewer", ...wanted });
  expect(made.status).toBe(201);
  return made.body;
}

const reads = async (key: string): Promise<number> =>
  (await service.call("GET", "/v1/orders", undefined, as(key))).status;

/** What other processes have remembered of a key is forgotten by then. */
const everywhere = () => sleep(REMEMBER_MS + 100);

// They wait for what processes remember, side by side.
describe.concurrent("a key made at run time", () => {
  test("may what its role may, in its user's name, and is stored as a hash alone", async () => {
    const made = await make({ role: "admin", user: "shop", description: "the shop" });
    expect(made).toMatchObject({
      object: "api_key",
      role: "admin",
      user: "shop",
      created_by: "dev@example.com",
      last_used_at: null,
      hint: `${made.key.slice(0, 7)}…`,
    });
    const order = await service.call<{ id: string }>(
      "POST",
      "/v1/orders",
      { reference: "PO-key", amount: 100, currency: "usd" },
      as(made.key),
    );
    expect(order.status).toBe(201);
    expect((await service.trail(order.body.id))[0]).toMatchObject({ actor: { type: "api", id: "shop" } });
    const viewer = await make();
    expect(viewer.user).toBe("viewer@dev");
    expect(await reads(viewer.key)).toBe(200);
    const refused = await service.call("POST", "/v1/orders", {}, as(viewer.key));
    expect(refused).toMatchObject({ status: 403, body: { code: "forbidden" } });

    const listed = await service.call<{ data: ApiKeyAnswer[] }>("GET", "/v1/api-keys");
    expect(listed.body.data.find(({ id }) => id === made.id)?.last_used_at).toMatch(/Z$/);
    const stored = await database.query<{ row: string }>(
      "select row_to_json(k)::text as row from countersign.api_keys k",
    );
    for (const text of [JSON.stringify(listed.body), ...stored.rows.map(({ row }) => row)])
      expect(text).not.toContain(made.key.slice(8));
  });

  test("is its tenant's: no other sees, rotates or revokes it", async () => {
    const made = await make();
    const stranger = as("ck_stranger");
    const list = await service.call<{ data: unknown[] }>("GET", "/v1/api-keys", undefined, stranger);
    expect(list.body.data).toEqual([]);
    expect((await service.call("POST", `/v1/api-keys/${made.id}/rotate`, {}, stranger)).status).toBe(404);
    expect((await service.call("DELETE", `/v1/api-keys/${made.id}`, undefined, stranger)).status).toBe(404);
    expect(await reads(made.key)).toBe(200);
  });

  test("is for admins to make, and says what is wrong with a request", async () => {
    expect((await service.call("POST", "/v1/api-keys", { role: "viewer" }, as("ck_finance"))).status).toBe(
      403,
    );
    expect((await service.call("GET", "/v1/api-keys", undefined, as("ck_finance"))).status).toBe(403);
    const bad = await service.call("POST", "/v1/api-keys", { role: "root", expires_in: 1 });
    expect(bad).toMatchObject({ status: 400, body: { errors: [{ path: "role" }, { path: "expires_in" }] } });
  });

  test("expires", async () => {
    const made = await make({ expires_in: 60 });
    expect(await reads(made.key)).toBe(200);
    await database.query("update countersign.api_keys set expires_at = now() where id = $1", [made.id]);
    await everywhere();
    expect(await reads(made.key)).toBe(401);
    expect((await service.call("POST", `/v1/api-keys/${made.id}/rotate`, {})).status).toBe(409);
  });

  test("when it is rotated, the former one is good for the time that was said", async () => {
    const made = await make();
    const second = await service.call<ApiKeyWithKey>("POST", `/v1/api-keys/${made.id}/rotate`, {
      grace_s: 600,
    });
    expect(second.status).toBe(200);
    expect(second.body).toMatchObject({ id: made.id, previous_until: expect.stringMatching(/Z$/) as string });
    expect([await reads(made.key), await reads(second.body.key)]).toEqual([200, 200]);
    const third = await service.call<ApiKeyWithKey>("POST", `/v1/api-keys/${made.id}/rotate`, { grace_s: 0 });
    await everywhere();
    expect([await reads(made.key), await reads(second.body.key), await reads(third.body.key)]).toEqual([
      401, 401, 200,
    ]);
  });

  test("when it is revoked, every process refuses it, and sessions that were signed in with it end", async () => {
    const made = await make({ role: "admin" });
    const elsewhere = createKeyring([], [], database);
    expect(await elsewhere.holderOf(made.key)).toMatchObject({ tenant: "dev", role: "admin" });
    const signedIn = await fetch(`${service.url}/console/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ key: made.key }),
    });
    const [cookie = ""] = (signedIn.headers.getSetCookie()[0] ?? "").split(";");
    const visits = async () => (await fetch(`${service.url}/v1/orders`, { headers: { cookie } })).status;
    expect(await visits()).toBe(200);

    expect((await service.call("DELETE", `/v1/api-keys/${made.id}`)).status).toBe(204);
    expect((await service.call("DELETE", `/v1/api-keys/${made.id}`)).status).toBe(204);
    await everywhere();
    expect(await reads(made.key)).toBe(401);
    expect(await elsewhere.holderOf(made.key)).toBeNull();
    expect(await visits()).toBe(401);
  });
});

test("who follows with a key is let go within seconds of its revocation, whatever it follows", async () => {
  const made = await make();
  const order = await service.create();
  const headers = { authorization: `Bearer ${made.key}` };
  const stream = `/v1/orders/${order.id}/audit/stream`;
  const answers = await Promise.all(
    [stream, "/v1/changes"].map((path) => fetch(service.url + path, { headers })),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  const socket = new WebSocket(service.url.replace("http", "ws") + stream, { headers });
  const closed = once(socket, "close") as Promise<[number, Buffer]>;
  await once(socket, "open");
  // Whoever holds another key reads on.
  const stays = await fetch(service.url + stream, { headers: { authorization: "Bearer ck_dev" } });
  let cutOff = false;
  const reading = stays.text().then(
    () => (cutOff = true),
    () => undefined,
  );

  const at = performance.now();
  expect((await service.call("DELETE", `/v1/api-keys/${made.id}`)).status).toBe(204);
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  expect(texts[0]).toContain("order.created");
  expect(texts.join()).not.toContain("event: end");
  expect((await closed)[0]).toBe(1008);
  expect(performance.now() - at).toBeLessThan(10_000);
  expect(cutOff).toBe(false);
  await service.call("POST", `/v1/orders/${order.id}/cancel`, { reason: "not needed" });
  await service.reached(order.id, "cancelled");
  await reading;
  expect(cutOff).toBe(true);
}, 30_000);

test("keys are made, rotated, listed and revoked from the command line", async () => {
  async function run(...words: string[]): Promise<string> {
    let text = "";
    const remote = (command: Command) =>
      command
        .option("--url <url>", "", service.url)
        .option("--key <key>", "", "ck_dev")
        .option("--json", "", false);
    const output = { write: (more: string) => void (text += more), color: false };
    await keysCommand(remote, output).exitOverride().parseAsync(words, { from: "user" });
    return text;
  }
  const made = JSON.parse(
    await run("create", "--role", "support", "--user", "sam@example.com", "--expires-in", "90d", "--json"),
  ) as ApiKeyWithKey;
  expect(made).toMatchObject({ role: "support", user: "sam@example.com" });
  expect(Date.parse(made.expires_at ?? "") - Date.now()).toBeGreaterThan(89 * 86_400_000);
  expect(await run("ls")).toContain(`${made.id}  live     support  sam@example.com`);
  const rotated = await run("rotate", made.id, "--grace", "0m");
  const [key = ""] = /^ck_\S+$/m.exec(rotated) ?? [];
  expect(await reads(key)).toBe(200);
  expect(await run("revoke", made.id)).toContain("is revoked");
  expect(await run("ls")).toContain(`${made.id}  revoked`);
  await expect(run("rotate", made.id, "--grace", "soon")).rejects.toThrow("--grace: write 90d, 12h or 30m");
});

describe.concurrent("a session's token", () => {
  async function signIn(): Promise<{ cookie: string; csrf: string }> {
    const answer = await fetch(`${service.url}/console/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ key: "ck_finance" }),
    });
    const { csrf } = (await answer.json()) as { csrf: string };
    return { csrf, cookie: (answer.headers.getSetCookie()[0] ?? "").split(";")[0] ?? "" };
  }
  const visit = (cookie: string) => fetch(`${service.url}/v1/orders`, { headers: { cookie } });

  test("is replaced after a while, and the former one is good until the browser has shown the new one", async () => {
    const { cookie, csrf } = await signIn();
    await database.query(
      "update countersign.console_sessions set rotated_at = now() - interval '1 hour' where csrf = $1",
      [csrf],
    );
    await everywhere();
    const answers = await Promise.all([visit(cookie), visit(cookie), visit(cookie)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const set = answers.flatMap(({ headers }) => headers.getSetCookie());
    expect(set).toHaveLength(1);
    const [next = ""] = (set[0] ?? "").split(";");
    expect(next).not.toBe(cookie);
    // The answer with the new one may have been lost.
    expect((await visit(cookie)).status).toBe(200);
    const session = await fetch(`${service.url}/console/session`, { headers: { cookie: next } });
    expect(await session.json()).toMatchObject({ csrf });
    await database.query(
      "update countersign.console_sessions set previous_until = previous_until - interval '2 minutes' where csrf = $1",
      [csrf],
    );
    await everywhere();
    expect([(await visit(cookie)).status, (await visit(next)).status]).toEqual([401, 200]);
  });

  test("is worth nothing when nobody has used it for long, or its time is up", async () => {
    const over = async (what: string): Promise<number> => {
      const { cookie, csrf } = await signIn();
      await database.query(`update countersign.console_sessions set ${what} where csrf = $1`, [csrf]);
      await everywhere();
      return (await visit(cookie)).status;
    };
    const answers = await Promise.all([
      over("seen_at = now() - interval '13 hours'"),
      over("expires_at = now()"),
      over("seen_at = now() - interval '11 hours'"),
    ]);
    expect(answers).toEqual([401, 401, 200]);
  });
});
