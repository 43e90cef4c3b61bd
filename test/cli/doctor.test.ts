import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type Stripe from "stripe";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Check } from "../../src/cli/doctor/check.ts";
import { examine } from "../../src/cli/doctor.ts";
import { loadConfig } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import { SUBSCRIPTION } from "../../src/payments/stripe/subscription.ts";
import { builtEntry } from "../helpers/built.ts";
import { createDatabase } from "../helpers/database.ts";
import { freePort } from "../helpers/process.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { client, openBench, type Bench } from "../mock-provider/provider.ts";
import { openStandIn, type Tampering } from "./stand-in.ts";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");
const SECRET = "whsec_0123456789abcdef0123456789abcdef";
const PUBLIC = "http://127.0.0.1:3999";
const HOOK = `${PUBLIC}/webhooks/stripe`;

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.stop());

let accounts = 0;
/** An account of its own at the provider. */
const account = () => `sk_test_doctor${(accounts += 1)}`;

async function doctor(env: Record<string, string>): Promise<Record<string, Check>> {
  const config = loadConfig(
    {
      STRIPE_API_BASE: bench.provider.url,
      STRIPE_WEBHOOK_SECRETS: SECRET,
      PUBLIC_URL: PUBLIC,
      ...env,
    },
    tmpdir(),
  );
  const checks = await examine(config, createLog("silent"));
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

const bad = (checks: Record<string, Check>) =>
  Object.values(checks)
    .filter((check) => !check.ok)
    .map((check) => check.name);

const endpoint = (key: string, more: Partial<Stripe.WebhookEndpointCreateParams> = {}) =>
  client(bench.provider.port, key).webhookEndpoints.create({
    url: HOOK,
    api_version: "2026-10-28.endive",
    enabled_events: SUBSCRIPTION.map(({ type }) => type),
    ...more,
  });

async function tampered(tampering: Tampering, key: string): Promise<Record<string, Check>> {
  const standIn = await openStandIn(bench.provider.url, tampering);
  try {
    return await doctor({ STRIPE_API_BASE: standIn.url, STRIPE_API_KEY: key });
  } finally {
    await standIn.stop();
  }
}

test("the bundled mock provider needs nothing else", async () => {
  const checks = await doctor({ STRIPE_API_BASE: "", STRIPE_WEBHOOK_SECRETS: "" });
  expect(bad(checks)).toEqual([]);
  expect(checks["provider"]?.detail).toContain("bundled mock provider");
  expect(bad(await doctor({ STRIPE_API_BASE: "", STRIPE_API_KEY: "sk_live_1234567890" }))).toEqual([
    "key",
    "provider",
  ]);
});

test("a provider that is set up right passes every check", async () => {
  const key = account();
  await endpoint(key);
  const checks = await doctor({ STRIPE_API_KEY: key });
  expect(bad(checks)).toEqual([]);
  expect(Object.keys(checks)).toEqual([
    "configuration",
    "database",
    "mail",
    "key",
    "provider",
    "clock",
    "endpoint",
    "api version",
    "events",
    "secret",
  ]);
  expect(checks["events"]?.detail).toContain(`all ${SUBSCRIPTION.length}`);
});

test("a database user above row security is told of, and is no reason not to start", async () => {
  const database = await createDatabase();
  const says = async (url: string) => (await doctor({ DATABASE_URL: url }))["database"];
  expect(await says(database.adminUrl)).toMatchObject({
    ok: true,
    detail: expect.stringContaining("connect as a plain owner") as string,
  });
  expect((await says(database.url))?.detail).toMatch(/^PostgreSQL [\d.]+.*, synchronous_commit off$/);
  await database.drop();
});

test("what each kind of key is, and where it does not belong, is told", async () => {
  const says = async (env: Record<string, string>) => (await doctor(env))["key"];
  expect(await says({ STRIPE_API_KEY: "rk_test_restricted" })).toMatchObject({
    ok: true,
    detail: "a restricted key of test mode: no money moves",
  });
  expect((await says({ STRIPE_API_KEY: "pk_test_publishable" }))?.detail).toContain("publishable");
  expect((await says({ STRIPE_API_KEY: "nonsense" }))?.detail).toContain("sk_live_");
  const production = {
    NODE_ENV: "production",
    STRIPE_API_KEY: account(),
    API_KEYS: "acme:admin:ck_0123456789",
    DATABASE_URL: "postgres://127.0.0.1:1/none",
    LINK_SECRETS: "1:0123456789abcdef",
    SMTP_URL: "smtp://127.0.0.1:1",
  };
  expect((await says(production))?.detail).toContain("NODE_ENV");
});

test("a live key is not sent to anybody but Stripe", async () => {
  const standIn = await openStandIn(bench.provider.url, {});
  const checks = await doctor({ STRIPE_API_BASE: standIn.url, STRIPE_API_KEY: "sk_live_0123456789abcdef" });
  expect(checks["key"]).toMatchObject({ ok: false });
  expect(checks["key"]?.detail).toContain("STRIPE_API_BASE=https://api.stripe.com");
  expect(standIn.asked).toEqual([]);
  await standIn.stop();
});

test("a key that the provider does not know", async () => {
  const checks = await doctor({ STRIPE_API_KEY: "sk_test_!!!" });
  expect(bad(checks)).toEqual(["provider"]);
  expect(checks["provider"]?.detail).toMatch(/^STRIPE_API_KEY: .*Invalid API Key/);
});

test("a restricted key that may not is told which permission it lacks", async () => {
  const message = (permission: string) => ({
    status: 403,
    body: {
      error: {
        type: "invalid_request_error",
        message: `The provided key 'rk_test_*****' does not have the required permissions for this endpoint on account 'acct_1'. Having the '${permission}' permission would allow this request to continue.`,
      },
    },
  });
  const checks = await tampered(
    {
      answers: {
        "/v1/webhook_endpoints": message("rak_webhook_read"),
        "/v1/refunds": message("rak_charge_read"),
      },
    },
    "rk_test_restricted",
  );
  expect(bad(checks)).toEqual(["provider", "endpoint"]);
  expect(checks["provider"]?.detail).toContain(
    "refunds (rak_charge_read), webhook endpoints (rak_webhook_read)",
  );
});

test("an endpoint that is missing is made by the line that is printed", async () => {
  const key = account();
  await endpoint(key, { url: "https://old.example.com/webhooks/stripe" });
  const before = await doctor({ STRIPE_API_KEY: key });
  expect(bad(before)).toEqual(["endpoint"]);
  expect(before["endpoint"]?.detail).toContain("https://old.example.com/webhooks/stripe");
  await remedy(before["endpoint"], key);
  expect(bad(await doctor({ STRIPE_API_KEY: key }))).toEqual([]);
});

test("an endpoint that is disabled is enabled by the line that is printed", async () => {
  const key = account();
  const made = await endpoint(key);
  await client(bench.provider.port, key).webhookEndpoints.update(made.id, { disabled: true });
  const before = await doctor({ STRIPE_API_KEY: key });
  expect(bad(before)).toEqual(["endpoint"]);
  await remedy(before["endpoint"], key);
  expect(bad(await doctor({ STRIPE_API_KEY: key }))).toEqual([]);
});

test("events that are not sent are named, and the line that is printed adds them", async () => {
  const key = account();
  const made = await endpoint(key, { enabled_events: ["payment_intent.succeeded", "product.created"] });
  const before = await doctor({ STRIPE_API_KEY: key });
  expect(bad(before)).toEqual(["events"]);
  expect(before["events"]?.detail).toContain("charge.dispute.created");
  expect(before["events"]?.detail.split(";")[0]).not.toContain("payment_intent.succeeded");
  await remedy(before["events"], key);
  expect(bad(await doctor({ STRIPE_API_KEY: key }))).toEqual([]);
  const now = await client(bench.provider.port, key).webhookEndpoints.retrieve(made.id);
  expect(now.enabled_events).toContain("product.created");
  await client(bench.provider.port, key).webhookEndpoints.update(made.id, { enabled_events: ["*"] });
  expect((await doctor({ STRIPE_API_KEY: key }))["events"]?.detail).toBe("all events are sent");
});

test("another API version is told, unless it only adds", async () => {
  const other = account();
  await endpoint(other, { api_version: "2025-03-31.basil" });
  const checks = await doctor({ STRIPE_API_KEY: other });
  expect(bad(checks)).toEqual(["api version"]);
  expect(checks["api version"]?.detail).toContain("api_version=2026-10-28.endive");
  const older = account();
  await endpoint(older, { api_version: "2026-09-30.endive" });
  expect(bad(await doctor({ STRIPE_API_KEY: older }))).toEqual([]);
});

test("an endpoint that Stripe cannot reach is not asked for there", async () => {
  const { checkEndpoint } = await import("../../src/cli/doctor/endpoint.ts");
  for (const url of ["http://127.0.0.1:3000/webhooks/stripe", "http://localhost:3000/webhooks/stripe"])
    expect(checkEndpoint([], url, "https://api.stripe.com").detail).toContain("stripe listen --forward-to");
  expect(
    checkEndpoint([], "https://pay.example.com/webhooks/stripe", "https://api.stripe.com").detail,
  ).toContain("curl https://api.stripe.com/v1/webhook_endpoints");
});

test("a secret that is none is told without being shown", async () => {
  const key = account();
  await endpoint(key);
  const checks = await doctor({ STRIPE_API_KEY: key, STRIPE_WEBHOOK_SECRETS: `${SECRET},hunter2` });
  expect(bad(checks)).toEqual(["secret"]);
  expect(checks["secret"]?.detail).toContain("number 2");
  expect(checks["secret"]?.detail).not.toContain("hunter2");
  expect(bad(await doctor({ STRIPE_API_KEY: key, STRIPE_WEBHOOK_SECRETS: "whsec_dev" }))).toEqual(["secret"]);
});

test("clocks that disagree are told", async () => {
  const key = account();
  await endpoint(key);
  const checks = await tampered({ headers: { date: new Date(Date.now() - 400_000).toUTCString() } }, key);
  expect(bad(checks)).toEqual(["clock"]);
  expect(checks["clock"]?.detail).toMatch(/(399|400|401) s ahead/);
});

test("a provider that is not there, or is something else", async () => {
  const port = await freePort();
  const gone = await doctor({ STRIPE_API_BASE: `http://127.0.0.1:${port}`, STRIPE_API_KEY: account() });
  expect(bad(gone)).toEqual(["provider"]);
  expect(gone["provider"]?.detail).toMatch(/STRIPE_API_BASE: .* is not reached: .*ECONNREFUSED/);
  const other = await doctor({ STRIPE_API_BASE: bench.sink.url, STRIPE_API_KEY: account() });
  expect(bad(other)).toEqual(["provider"]);
  expect(other["provider"]?.detail).toContain("does not answer as Stripe does");
});

describe("with a service that runs", () => {
  const key = account();
  let service: TestService;
  let env: Record<string, string>;
  let first: Stripe.WebhookEndpoint;
  beforeAll(async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    first = await endpoint(key, { url: `${url}/webhooks/stripe` });
    env = {
      PORT: String(port),
      PUBLIC_URL: url,
      STRIPE_API_BASE: bench.provider.url,
      STRIPE_API_KEY: key,
      STRIPE_WEBHOOK_SECRETS: first.secret ?? "",
    };
    service = await startTestService(env);
    env["DATABASE_URL"] = service.databaseUrl;
  });
  afterAll(() => service?.end());

  const secretSays = (pattern: RegExp) =>
    service.until(
      async () => (await doctor(env))["secret"],
      (check) => pattern.test(check?.detail ?? ""),
    );
  const pay = () =>
    client(bench.provider.port, key).paymentIntents.create({
      amount: 2_000,
      currency: "usd",
      confirm: true,
      payment_method: "pm_card_visa",
      allowed_payment_method_types: ["card"],
    });

  test("the secret is proven by what arrives, and disproven by what does not verify", async () => {
    expect((await doctor(env))["secret"]?.detail).toContain("nothing has arrived from the endpoint yet");
    await pay();
    expect(await secretSays(/a webhook verified \d+ s ago/)).toMatchObject({ ok: true });
    // The endpoint is made anew and has another secret; ours is the old one.
    await client(bench.provider.port, key).webhookEndpoints.del(first.id);
    await new Promise((done) => setTimeout(done, 1_100));
    await endpoint(key, { url: `${env["PUBLIC_URL"]}/webhooks/stripe` });
    expect((await doctor(env))["secret"]?.detail).toContain("nothing has arrived from the endpoint yet");
    await pay();
    const wrong = await secretSays(/no valid signature/);
    expect(wrong).toMatchObject({ ok: false });
    expect(wrong?.detail).toMatch(/^STRIPE_WEBHOOK_SECRETS: .*no signature matches/);
  });

  test("the command prints it for people and for machines, and its exit code tells", async () => {
    const dir = mkdtempSync(join(tmpdir(), "countersign-doctor-"));
    const call = (more: Record<string, string>, ...args: string[]) =>
      run(process.execPath, [...builtEntry("cli"), "doctor", ...args], {
        cwd: ROOT,
        env: { PATH: process.env["PATH"], HOME: dir, DATA_DIR: dir, NO_COLOR: "1", ...env, ...more },
      });
    const wrong = await call({}, "--json").catch((error: { code: number; stdout: string }) => error);
    expect(wrong).toMatchObject({ code: 1 });
    const report = JSON.parse(wrong.stdout) as { ok: boolean; checks: Check[] };
    expect(report.ok).toBe(false);
    expect(report.checks.find((check) => check.name === "secret")).toEqual({
      name: "secret",
      ok: false,
      detail: expect.any(String) as string,
    });
    const right = await call({ STRIPE_API_BASE: "" });
    expect(right.stdout).toContain("✓ provider");
    rmSync(dir, { recursive: true, force: true });
  });
});

/** Runs the line that a check printed, as an operator's shell would. */
async function remedy(check: Check | undefined, key: string): Promise<void> {
  const line = /curl .*$/.exec(check?.detail ?? "")?.[0] ?? "false";
  await run("sh", ["-c", line.replace("curl ", "curl --fail --silent ")], {
    env: { PATH: process.env["PATH"], STRIPE_API_KEY: key },
  });
}
