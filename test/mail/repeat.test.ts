import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createTransport } from "nodemailer";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { freePort, startProcess, type ServiceProcess } from "../helpers/process.ts";
import { clientOf } from "../helpers/service.ts";
import { startSink, type Received, type Sink } from "./sink.ts";

const V1 = "v1:the first secret of this test";
const V2 = "v2:the second secret of this test";

let folder: string;
let database: TestDatabase;
let sink: Sink;
let env: Record<string, string>;
let client: ReturnType<typeof clientOf>;
let running: ServiceProcess | null = null;

beforeAll(async () => {
  const [port, bouncePort, providerPort] = await Promise.all([freePort(), freePort(), freePort()]);
  [database, sink, folder] = await Promise.all([
    createDatabase(),
    startSink(),
    mkdtemp(join(tmpdir(), "countersign-repeat-")),
  ]);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(join(folder, "dkim.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
  env = {
    PORT: String(port),
    PROVIDER_PORT: String(providerPort),
    DATABASE_URL: database.url,
    DATA_DIR: folder,
    SMTP_URL: sink.url,
    MAIL_FROM: "Countersign <approvals@example.com>",
    DKIM_DOMAIN: "example.com",
    DKIM_SELECTOR: "countersign1",
    DKIM_PRIVATE_KEY_FILE: join(folder, "dkim.pem"),
    BOUNCE_ADDRESS: "bounces@bounces.example.com",
    BOUNCE_PORT: String(bouncePort),
    LINK_SECRETS: V1,
    LOG_LEVEL: "error",
  };
  client = clientOf(`http://127.0.0.1:${port}`, "");
});
afterAll(async () => {
  await running?.end("SIGKILL");
  await sink?.stop();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

/** The one before is dead for certain: its lease need not run out, which would only take time. */
async function start(change: Record<string, string> = {}): Promise<ServiceProcess> {
  const sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
  await sql.query("update countersign.executors set lease_until = now() - interval '1 minute'");
  await sql.end();
  running = await startProcess({ ...env, ...change });
  if (running === null) throw new Error("the service was killed while it started");
  return running;
}

interface Approval {
  id: string;
  history: { type: string; data: Record<string, unknown> }[];
}

/** Asks, also when the process dies before it answers. */
const ask = (title: string) =>
  client
    .call<Approval>(
      "POST",
      "/v1/approvals",
      {
        title,
        description:
          "Naïve — “quoted” 😀, and a line that is longer than what one line of a mail may be. ".repeat(20),
        requested_by: "sam@example.com",
        gates: [{ name: "release", approvers: ["lead@example.com"] }],
      },
      { "idempotency-key": title.replaceAll(" ", "-") },
    )
    .catch(() => null);

const copies = (count: number): Promise<Received[]> =>
  client.until(
    () => Promise.resolve(sink.received.filter((mail) => mail.to.includes("lead@example.com"))),
    (mails) => mails.length >= count,
    90_000,
  );

async function comesBack(to: string): Promise<string> {
  const transport = createTransport({ host: "127.0.0.1", port: Number(env["BOUNCE_PORT"]), ignoreTLS: true });
  const raw = readFileSync(resolve(import.meta.dirname, "../../fixtures/bounces/postfix-failed.eml"));
  try {
    return (await transport.sendMail({ envelope: { from: "", to: [to] }, raw })).response;
  } finally {
    transport.close();
  }
}

test(
  "a process that dies when its mail was taken sends the very same mail again: bytes, signature and envelope",
  { timeout: 180_000 },
  async () => {
    const first = await start({ FAULT_POINT: "mail:after" });
    await ask("Deploy 4.2");
    expect((await first.ended).signal).toBe("SIGKILL");
    const [taken] = await copies(1);
    expect(taken?.source).toContain("Message-ID: <apr_");
    expect(taken?.source).toContain("DKIM-Signature: ");
    await start();
    const [, again] = await copies(2);
    expect(again).toEqual(taken);
    const asked = await ask("Deploy 4.2");
    expect(asked?.status).toBe(201);
    const { body } = await client.until(
      () => client.call<Approval>("GET", `/v1/approvals/${asked?.body.id}`),
      ({ body }) => body.history.some(({ type }) => type === "mail.sent"),
    );
    expect(body.history.filter(({ type }) => type === "mail.sent")).toHaveLength(1);
  },
);

test(
  "what comes back after a restart with new secrets is known, by old addresses and new ones",
  { timeout: 180_000 },
  async () => {
    const [old] = await copies(1);
    expect(await running?.end()).toMatchObject({ code: 0 });
    await start({ LINK_SECRETS: `${V2},${V1}` });
    const asked = await ask("Deploy 4.2");
    const id = asked?.body.id ?? "";
    expect((await client.call("POST", `/v1/approvals/${id}/remind`)).status).toBe(202);
    const reminder = (await copies(3))[2];
    for (const { from } of [reminder, old, old].filter((mail) => mail !== undefined))
      expect(await comesBack(from)).toBe("250 2.0.0 OK");
    const { body } = await client.until(
      () => client.call<Approval>("GET", `/v1/approvals/${id}`),
      ({ body }) => body.history.filter(({ type }) => type === "mail.bounced").length >= 2,
    );
    const bounced = body.history.filter(({ type }) => type === "mail.bounced");
    expect(bounced.map(({ data }) => data["number"]).sort()).toEqual([1, 2]);
  },
);

test(
  "without a port of ours mails come back to the plain address, which any mailbox has",
  { timeout: 180_000 },
  async () => {
    expect(await running?.end()).toMatchObject({ code: 0 });
    await start({ BOUNCE_PORT: "" });
    const asked = await ask("Deploy 4.2");
    const before = (await copies(3)).length;
    expect((await client.call("POST", `/v1/approvals/${asked?.body.id}/remind`)).status).toBe(202);
    const mail = (await copies(before + 1))[before];
    expect(mail?.from).toBe("bounces@bounces.example.com");
    await expect(comesBack("bounces@bounces.example.com")).rejects.toThrow("ECONNREFUSED");
  },
);
