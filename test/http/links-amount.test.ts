import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";

/** Two people on other clocks, who may be mailed at any time; the second gate asks for the amount. */
const POLICY = `
version: 1
groups: { finance: [berlin@example.com], management: [tokyo@example.com] }
people:
  berlin@example.com: { time_zone: Europe/Berlin }
  tokyo@example.com: { time_zone: Asia/Tokyo }
tiers:
  none: []
  two: [{ gate: finance, any_of: [finance] }, { gate: management, any_of: [management], confirm: amount }]
timing: { remind_after: 24h, escalate_after: 48h, escalate_to: [], expire_after: 5d, before_capture_deadline: 24h }
orders: { highest: two, USD: [{ from: 0, ask: two }] }
refunds: { highest: none, USD: [{ from: 0, ask: none }] }
`;

let service: TestService;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "countersign-policy-"));
  await writeFile(join(dir, "policy.yaml"), POLICY);
  service = await startTestService({ POLICY_FILE: join(dir, "policy.yaml") });
});
afterAll(async () => {
  await service?.end();
  await rm(dir, { recursive: true, force: true });
});

const post = async (link: string, form: Record<string, string>) => {
  const page = await fetch(link, { method: "POST", body: new URLSearchParams(form) });
  return { status: page.status, text: await page.text() };
};

test.each([
  ["usd", 1_250_000, ["12,500.01", "12,500.00 EUR", "1250000", "1,250.00", ""], "12500,00\u00a0usd"],
  ["jpy", 1_500_000, ["15,000.00", "1,500,000.00", "150,000"], "1 500 000 JPY"],
  ["kwd", 1_250_500, ["1,250.50 usd", "1,250,500", "12505"], "1250.5"],
])("%s: another amount is refused, and what people type is taken", async (currency, amount, wrong, right) => {
  const boss = `boss.${currency}@example.com`;
  const gates = [{ name: "board", approvers: [boss], confirm_amount: true }];
  const asked = { title: "Machine", amount, currency, gates };
  const { body } = await service.call<{ id: string }>("POST", "/v1/approvals", asked);
  const link = (await service.mail(boss)).links[0] ?? "";
  for (const confirm_amount of wrong) {
    const refused = await post(link, { decision: "approve", comment: "Fits <us>", confirm_amount });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain("To approve, type the amount");
    expect(refused.text).toContain("Fits &lt;us&gt;</textarea>");
  }
  expect((await post(link, { decision: "approve" })).status).toBe(400);
  const still = await service.call<{ votes: unknown[] }>("GET", `/v1/approvals/${body.id}`);
  expect(still.body.votes).toEqual([]);
  expect((await post(link, { decision: "approve", confirm_amount: right })).status).toBe(200);
});

test.each(["reject", "request_changes"])("%s needs no amount", async (decision) => {
  const boss = `boss.${decision}@example.com`;
  const gates = [{ name: "board", approvers: [boss], confirm_amount: true }];
  const asked = { title: "Machine", amount: 500, currency: "usd", gates };
  await service.call("POST", "/v1/approvals", asked);
  const link = (await service.mail(boss)).links[0] ?? "";
  expect((await post(link, { decision, confirm_amount: "" })).status).toBe(200);
});

test("times are those of the reader's own clock, in the mail and on the page", async () => {
  const { body } = await service.call<{ id: string; deadline_at: string }>("POST", "/v1/approvals", {
    title: "Machine 2",
    ask: "two",
    amount: 500,
    currency: "usd",
  });
  const shown = (zone: string) =>
    new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(
      new Date(body.deadline_at),
    );
  const first = await service.mail("berlin@example.com");
  expect(first.text).toMatch(new RegExp(`Decide by: .*, ${shown("Europe/Berlin")} (CEST|CET|GMT)`));
  expect(await (await fetch(first.links[0] ?? "")).text()).toContain(`, ${shown("Europe/Berlin")} `);
  await post(first.links[0] ?? "", { decision: "approve" });
  const second = await service.mail("tokyo@example.com");
  expect(second.text).toContain(`, ${shown("Asia/Tokyo")} GMT+9`);
  const page = await (await fetch(second.links[0] ?? "")).text();
  expect(page).toContain(`, ${shown("Asia/Tokyo")} GMT+9`);
  expect(page).toContain("5.00, with or without separators");
});
