import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seriousFaults } from "../../helpers/axe.ts";
import { chromiumMissing, launchBrowser } from "../../helpers/browser.ts";
import { startTestService, type TestService } from "../../helpers/service.ts";

describe.skipIf(chromiumMissing())("the console's door", () => {
  let service: TestService;
  let browser: Browser;
  beforeAll(async () => {
    [service, browser] = await Promise.all([
      startTestService({
        API_KEYS: "dev:admin:ck_dev,dev:viewer:ck_view:viewer@example.com",
        OPERATORS: "dev:finance:finance@example.com",
      }),
      launchBrowser(),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.end();
  });

  /** A page of a new browser, and what its console complained about; being nobody yet is no complaint. */
  async function open(path: string, options: Parameters<Browser["newContext"]>[0] = {}) {
    const context = await browser.newContext({ baseURL: service.url, ...options });
    const page = await context.newPage();
    const troubles: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("401")) troubles.push(message.text());
    });
    page.on("pageerror", (error) => troubles.push(error.message));
    await page.goto(path);
    return { context, page, troubles };
  }

  const signIn = (context: BrowserContext, key = "ck_dev") =>
    context.request.post("/console/session", { data: { key }, headers: { origin: service.url } });

  test("opens for an API key, where one wanted to go, and closes again", async () => {
    const { page, troubles } = await open("/orders?status=completed");
    const key = page.locator("input[type=password]");
    await key.fill("ck_wrong");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByText("The API key is not known, has expired or was revoked.").waitFor();
    await key.fill("ck_dev");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Orders" }).waitFor();
    await page.getByText("No order matches").waitFor();
    expect(new URL(page.url()).search).toBe("?status=completed");
    await page.getByText("Live", { exact: true }).waitFor();

    await page.getByRole("button", { name: "Your account" }).click();
    await page.getByText("dev@example.com: admin of dev").waitFor();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in to Countersign" }).waitFor();
    expect(troubles).toEqual([]);
  });

  test("opens by a mailed link", async () => {
    const { page } = await open("/");
    await page.getByLabel("Your mail address").fill("finance@example.com");
    await page.getByRole("button", { name: "Mail me a link" }).click();
    await page.getByText("a link is on its way").waitFor();
    const mail = await service.mail("finance@example.com");
    await page.goto(mail.links[0]!);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Orders" }).waitFor();
    await page.getByRole("button", { name: "Your account" }).click();
    await page.getByText("finance@example.com: finance of dev").waitFor();
  });

  test("closes on every page once the session has ended elsewhere", async () => {
    const { context, page } = await open("/");
    await page.getByRole("button", { name: "Use the development key" }).click();
    await page.getByRole("heading", { name: "Orders" }).waitFor();
    await context.clearCookies();
    await page.getByLabel("Search orders").fill("anything");
    await page.getByRole("heading", { name: "Sign in to Countersign" }).waitFor();
  });

  test("shows a viewer what there is, and offers nothing that a viewer may not do", async () => {
    const { context, page } = await open("/sign-in");
    await signIn(context, "ck_view");
    const order = await service.create({ reference: "PO-viewed" });
    await page.goto("/");
    await page.getByRole("link", { name: order.reference }).waitFor();
    expect(page.url()).toBe(`${service.url}/orders`);
    expect(await page.getByRole("link", { name: "New order" }).count()).toBe(0);
  });

  test("says that what is shown may be old while the network is away, and catches up by itself", async () => {
    const { context, page } = await open("/sign-in");
    await signIn(context);
    await page.goto("/orders");
    await page.getByText("Live", { exact: true }).waitFor();
    await context.setOffline(true);
    await page.getByText("Offline", { exact: true }).waitFor();
    const order = await service.create({ reference: "PO-meanwhile" });
    expect(await page.getByText(order.reference).count()).toBe(0);
    await context.setOffline(false);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByRole("link", { name: order.reference }).waitFor();
  });

  test("is walked through by keyboard", async () => {
    const { context, page } = await open("/sign-in");
    await signIn(context);
    await page.goto("/orders");
    await page.getByRole("heading", { name: "Orders" }).waitFor();
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the page");
    await page.getByRole("link", { name: "Health" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Health" }).waitFor();
    expect(await page.evaluate("document.activeElement.id")).toBe("main");
    expect(await page.title()).toBe("Health · Countersign");
  });

  test("hinders nobody, by day and at night, and fits a phone", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const { context, page } = await open("/", {
        colorScheme,
        bypassCSP: true,
        viewport: { width: 390, height: 844 },
      });
      await page.getByRole("heading", { name: "Sign in to Countersign" }).waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      await signIn(context);
      await page.goto("/orders");
      await page.getByRole("table", { name: "orders" }).waitFor();
      expect(await seriousFaults(page)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
      await page.getByRole("button", { name: "Open the navigation" }).click();
      await page.getByRole("link", { name: "Approvals" }).click();
      await page.getByRole("heading", { name: "Approvals" }).waitFor();
    }
  });
});
