import { join } from "node:path";
import pg from "pg";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumMissing, launchBrowser } from "../helpers/browser.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

/** Where to put pictures of the page for people to look at; none are made without it. */
const PICTURES = process.env["TIMELINE_PICTURES"];

const SIZES = [
  { width: 390, height: 844 },
  { width: 1280, height: 900 },
];

describe.skipIf(chromiumMissing())("an order's timeline", () => {
  let service: TestService;
  let browser: Browser;
  beforeAll(async () => {
    [service, browser] = await Promise.all([
      startTestService({
        API_KEYS: "dev:admin:ck_dev,dev:viewer:ck_view:viewer@example.com,other:admin:ck_other",
      }),
      launchBrowser(),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.end();
  });

  const link = async (id: string, key = "ck_dev"): Promise<string> => {
    const answer = await service.call<{ url: string }>(
      "POST",
      `/v1/orders/${id}/timeline-link`,
      {},
      { authorization: `Bearer ${key}` },
    );
    expect(answer.status).toBe(201);
    return answer.body.url;
  };

  const open = async (url: string, options: Parameters<Browser["newContext"]>[0] = {}) => {
    const page = await (await browser.newContext({ viewport: SIZES[0]!, ...options })).newPage();
    const troubles: string[] = [];
    page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
    page.on("pageerror", (error) => troubles.push(error.message));
    await page.goto(url);
    return { page, troubles };
  };

  const entries = (page: Page) => page.locator("#trail > li");

  test("shows what happened, and what happens while it is open", async () => {
    const order = await service.create({
      ...{
        amount: 125_000,
        reference: "PO-<b>timeline</b>",
        customer: { email: "buyer@example.com", name: "Ada" },
      },
    });
    const { page, troubles } = await open(await link(order.id));
    await page.getByText("accepted; it needs approval").waitFor();
    await page.getByText("✓ Trail verified").waitFor();
    expect(await page.getByRole("heading", { name: "PO-<b>timeline</b>" }).count()).toBe(1);
    const before = await entries(page).count();
    await page.getByText("new entries appear by themselves").waitFor();

    await service.pay(order);
    const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-<b>timeline"));
    await service.decide(mail.links[0]!, "approve", "Fine <script>document.title='broken'</script>");
    await service.reached(order.id, "completed");
    await page.getByText("Order completed").waitFor();
    await page.getByText("Nothing more is expected").waitFor();
    const trail = await service.trail(order.id);
    await expect.poll(() => entries(page).count()).toBe(trail.length);
    expect(before).toBeLessThan(trail.length);
    const ids = await page.evaluate("[...document.querySelectorAll('#trail > li')].map((item) => item.id)");
    expect(ids).toEqual(trail.map(({ seq }) => `entry-${seq}`));
    await page.locator("#summary").getByText("Completed").waitFor();
    expect(await page.title()).toBe("PO-<b>timeline</b>: timeline · Countersign");
    expect(await page.getByText("“Fine <script>").count()).toBeGreaterThan(0);
    expect(troubles).toEqual([]);

    const webhooks = page.getByRole("link", { name: "Webhook" });
    expect(await webhooks.count()).toBeGreaterThan(0);
    await webhooks.first().click();
    await page.getByRole("heading", { name: "Webhook" }).waitFor();
    await page.getByText('"object": "event"').waitFor();
    await page.getByRole("link", { name: "Back to the timeline" }).click();
    await page.getByText("Order completed").waitFor();
  });

  test("is read without JavaScript, on a phone, and in the dark", async () => {
    const order = await service.create({ amount: 1_500_000, reference: "PO-dark" });
    await service.pay(order);
    await service.mail("finance@example.com", (m) => m.subject.includes("PO-dark"));
    await service.call("POST", `/v1/orders/${order.id}/messages`, {
      topic: "note",
      message: "The customer called twice, and asks when the laptops will be delivered to Berlin.",
    });
    await service.call("POST", "/v1/audit/checkpoints", {});
    for (const colorScheme of ["light", "dark"] as const)
      for (const viewport of SIZES) {
        const url = await link(order.id);
        const { page } = await open(url, { viewport, colorScheme, javaScriptEnabled: false });
        await page.getByText("Payment for").or(page.getByText("Authorized 15,000.00 USD")).first().waitFor();
        if (PICTURES)
          await page.screenshot({
            path: join(PICTURES, `timeline-${viewport.width}-${colorScheme}.png`),
            fullPage: true,
          });
      }
    const { page } = await open(await link(order.id));
    expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
    await page.getByText("a signed checkpoint states").waitFor();
  });

  test("says at which entry it cannot be trusted any more", async () => {
    const order = await service.create();
    const client = new pg.Client({ connectionString: service.databaseUrl });
    await client.connect();
    await client.query(
      `update dbos.streams set value = replace(value, '"amount":1250', '"amount":9250')
        where workflow_uuid = $1 and key = 'audit'`,
      [order.id],
    );
    await client.end();
    const { page } = await open(await link(order.id));
    await page.getByText("✗ Trail NOT valid").waitFor();
    await page.getByText("Entry 0: edited. The 0 before it are proven.").waitFor();
  });

  test("opens by its link alone: not another's, not when it has expired, not another order", async () => {
    const [mine, another] = [await service.create(), await service.create()];
    const url = new URL(await link(mine.id));
    const status = async (path: string) => (await fetch(service.url + path)).status;
    const token = url.searchParams.get("t") ?? "";
    expect(await status(`/orders/${mine.id}?t=${token}`)).toBe(200);
    expect(await status(`/orders/${another.id}?t=${token}`)).toBe(404);
    // Without a token it is the console's page, which holds nothing of the order until somebody signs in.
    const shell = await (await fetch(`${service.url}/orders/${mine.id}`)).text();
    expect(shell).toContain('<div id="root"></div>');
    expect(shell).not.toContain(mine.reference);
    expect(await status(`/orders/${mine.id}?t=`)).toBe(404);
    const [version = "", expires = "", , mac = ""] = token.split(".");
    const longer = (Number.parseInt(expires, 36) + 60).toString(36);
    expect(await status(`/orders/${mine.id}?t=${version}.${longer}.s.${mac}`)).toBe(404);
    expect(await status(`/orders/${mine.id}/timeline/stream?t=x`)).toBe(404);
    const foreign = await service.call(
      "POST",
      `/v1/orders/${mine.id}/timeline-link`,
      {},
      {
        authorization: "Bearer ck_other",
      },
    );
    expect(foreign.status).toBe(404);
    const page = await fetch(service.url + `/orders/${mine.id}?t=${token}`);
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(page.headers.get("referrer-policy")).toBe("no-referrer");
    expect(await page.text()).not.toContain("ck_dev");
  });

  test("shows a viewer no webhook", async () => {
    const order = await service.create();
    await service.pay(order);
    await service.reached(order.id, "completed");
    const { page } = await open(await link(order.id, "ck_view"));
    await page.getByText("Order completed").waitFor();
    expect(await page.getByRole("link", { name: "Webhook" }).count()).toBe(0);
  });
});
