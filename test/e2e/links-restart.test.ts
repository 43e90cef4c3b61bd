import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../helpers/database.ts";
import { freePort, startProcess, type ServiceProcess } from "../helpers/process.ts";
import { clientOf, type Mail } from "../helpers/service.ts";

const V1 = "v1:the first secret of this test";
const V2 = "v2:the second secret of this test";

let database: TestDatabase;
let db: pg.Client;
let dataDir: string;
let port: number;
let providerPort: number;
let running: ServiceProcess | null = null;
let written = "";

beforeAll(async () => {
  [database, port, providerPort, dataDir] = await Promise.all([
    createDatabase(),
    freePort(),
    freePort(),
    mkdtemp(join(tmpdir(), "countersign-links-")),
  ]);
  db = new pg.Client(database.url);
  await db.connect();
});
afterAll(async () => {
  await running?.end("SIGKILL");
  await db?.end();
  await database?.drop();
  await rm(dataDir, { recursive: true, force: true });
});

async function stop(): Promise<void> {
  expect(await running?.end()).toMatchObject({ code: 0 });
  written += running?.output() ?? "";
  running = null;
}

/** On the same database, data directory and ports. */
async function start(linkSecrets: string): Promise<void> {
  running = await startProcess({
    PORT: String(port),
    PROVIDER_PORT: String(providerPort),
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    LINK_SECRETS: linkSecrets,
    LOG_LEVEL: "trace",
  });
}

interface Approval {
  id: string;
  votes: { approver: string }[];
}

test("every mailed link outlives restarts and new secrets, and its token is written nowhere", async () => {
  await start(V1);
  const service = clientOf(`http://127.0.0.1:${port}`, `http://127.0.0.1:${providerPort}`);
  const order = await service.create({ amount: 125_000, reference: "PO-restart" });
  await service.pay(order);
  const people = ["one@example.com", "two@example.com", "three@example.com", "four@example.com"];
  const { body: asked } = await service.call<Approval>("POST", "/v1/approvals", {
    title: "Restart",
    gates: [{ name: "all", approvers: people, need: 4 }],
  });
  const first = new Map<string, string>();
  for (const to of people) first.set(to, (await service.mail(to)).links[0] ?? "");
  const ofOrder = await service.mail("finance@example.com");
  const linkOf = (person: string) => first.get(person) ?? "";
  const opens = async (link: string) =>
    expect(await (await fetch(link)).text()).toContain("Your decision is needed");
  const decides = async (link: string) => {
    const page = await service.decide(link, "approve", "fine");
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("You approved this");
  };
  await decides(linkOf("one@example.com"));

  // The new secret signs, the old one is still there.
  await stop();
  await start(`${V2},${V1}`);
  for (const link of [...people.slice(1).map(linkOf), ...ofOrder.links]) await opens(link);
  await decides(linkOf("two@example.com"));
  await service.call("POST", `/v1/approvals/${asked.id}/resend`, { approver: "three@example.com" });
  const again = await service.mail("three@example.com", (m) => m.links[0] !== linkOf("three@example.com"));
  expect(new URL(again.links[0] ?? "").pathname).toMatch(/^\/a\/v2\./);
  await opens(again.links[0] ?? "");

  // The old secret is gone.
  await stop();
  await start(V2);
  for (const link of [linkOf("four@example.com"), ...ofOrder.links, ...again.links]) await opens(link);
  await decides(linkOf("three@example.com"));
  expect(await (await fetch(again.links[0] ?? "")).text()).toContain("You approved this");
  await decides(linkOf("four@example.com"));
  const { body } = await service.call<Approval>("GET", `/v1/approvals/${asked.id}`);
  expect(body).toMatchObject({ status: "approved" });
  expect(body.votes.map((vote) => vote.approver)).toEqual(people);
  const [link = ""] = ofOrder.links;
  expect((await service.decide(link, "approve")).status).toBe(200);
  await service.until(
    async () => (await fetch(link)).text(),
    (page) => page.includes("1,250.00 USD was captured"),
  );
  await service.reached(order.id, "completed");

  const mails = (await (await fetch(`http://127.0.0.1:${port}/dev/mailbox.json`)).json()) as Mail[];
  const tokens = [...new Set(mails.flatMap(({ links }) => links))].map(
    (link) => new URL(link).pathname.split("/")[2] ?? "",
  );
  expect(tokens.length).toBeGreaterThanOrEqual(7);
  // What people do to links on their way: cut, extended, sent with another method.
  for (const token of tokens)
    for (const path of [token.slice(0, -1), `${token}/x`, `${token}?utm=${token}`])
      await fetch(`http://127.0.0.1:${port}/a/${path}`, {
        method: path.endsWith("x") ? "PUT" : "GET",
        headers: { referer: `http://127.0.0.1:${port}/a/${token}` },
      });
  const answers = await Promise.all(
    [
      `/v1/orders/${order.id}/audit?limit=100`,
      `/v1/orders/${order.id}/events`,
      "/v1/audit?limit=100",
      "/v1/approvals?limit=100",
      "/v1/webhooks/inbox?limit=100",
      "/metrics",
    ].map((path) => service.call("GET", path)),
  );
  for (const answer of answers) expect(answer.status).toBe(200);
  await stop();
  expect(written).toContain('"level":20');
  const shown = written + answers.map((answer) => JSON.stringify(answer.body)).join("\n");
  for (const token of tokens) expect(shown.includes(token.slice(3, 40))).toBe(false);
  expect(await tablesWith(tokens)).toEqual([]);
}, 120_000);

/** Every table that has one of these texts anywhere. */
async function tablesWith(texts: string[]): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname in ('countersign', 'dbos')`,
  );
  const found: string[] = [];
  for (const { name } of rows) {
    const hit = await db.query(`select 1 from ${name} t where t::text like any($1) limit 1`, [
      texts.map((text) => `%${text}%`),
    ]);
    if (hit.rowCount) found.push(name);
  }
  return found;
}
