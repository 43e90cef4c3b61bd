import { existsSync, mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ledgerLine, openBench, pay, refOf, type Bench } from "./provider.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
const SHOTS = process.env["SCREENSHOTS"];

describe.skipIf(CHROMIUM === undefined)("the hosted page in a browser", () => {
  let bench: Bench;
  let browser: Browser;
  let shop: Server;
  let shopUrl = "";
  beforeAll(async () => {
    bench = await openBench();
    shop = createServer((request, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<h1 id="shop">${request.url?.startsWith("/done") ? "Thank you" : "Cart"}</h1>`);
    });
    await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
    const address = shop.address();
    shopUrl = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
    browser = await chromium.launch({
      executablePath: CHROMIUM ?? "",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });
  afterAll(async () => {
    await browser?.close();
    shop?.closeAllConnections();
    shop?.close();
    await bench?.stop();
  });

  const openSession = () =>
    bench.stripe.checkout.sessions.create({
      mode: "payment",
      success_url: `${shopUrl}/done?session={CHECKOUT_SESSION_ID}`,
      cancel_url: `${shopUrl}/cart`,
      customer_email: "ada@example.com",
      line_items: [
        {
          quantity: 4,
          price_data: { currency: "usd", unit_amount: 31_250, product_data: { name: "Laptop <b>14</b>" } },
        },
        {
          quantity: 1,
          price_data: { currency: "usd", unit_amount: 4_900, product_data: { name: "Sleeve" } },
        },
      ],
      payment_intent_data: { metadata: { order_id: "ord_9" } },
    });
  const shot = async (page: Page, name: string) => {
    if (SHOTS === undefined) return;
    mkdirSync(SHOTS, { recursive: true });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await page.screenshot({ path: `${SHOTS}/${name}-${width}.png`, fullPage: true });
    }
  };
  /** A page without scripts, in which nothing may be wider than the screen. */
  const visit = async (url: string, width = 390) => {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width, height: 844 } });
    const page = await context.newPage();
    await page.goto(url);
    return page;
  };

  test("a person pays and comes back to the shop", async () => {
    const session = await openSession();
    const page = await visit(session.url ?? "");
    await shot(page, "checkout");
    expect(await page.textContent(".total")).toBe("$1,299.00");
    expect(await page.textContent(".order")).toContain("Laptop <b>14</b>");
    await page.click("#pay");
    await page.waitForURL(`${shopUrl}/done?session=${session.id}`);
    const paid = await bench.stripe.checkout.sessions.retrieve(session.id);
    expect(paid).toMatchObject({
      status: "complete",
      payment_status: "paid",
      customer_details: { email: "ada@example.com", name: "Test Buyer" },
    });
    expect(await ledgerLine(bench, refOf(paid.payment_intent))).toMatchObject({
      captured: 129_900,
      metadata: { order_id: "ord_9" },
    });
    await page.goBack();
    await page.context().close();
  });

  test("a decline is shown where it happened and the next card pays", async () => {
    const session = await openSession();
    const page = await visit(session.url ?? "", 1280);
    await page.click("text=Insufficient funds");
    expect(await page.textContent("#notice")).toBe("Your card has insufficient funds.");
    await shot(page, "declined");
    await page.fill("#number", "1234");
    await page.click("#pay");
    expect(await page.textContent("#notice")).toBe("Your card number is incorrect.");
    await page.click("#pay");
    await page.waitForURL(/\/done/);
    await page.context().close();
  });

  test("a challenge can be failed and then passed", async () => {
    const session = await openSession();
    const page = await visit(session.url ?? "");
    await page.click("text=3-D Secure");
    await page.waitForURL(/3d-secure/);
    await shot(page, "challenge");
    await page.click("#fail");
    expect(await page.textContent("#notice")).toContain("failed authentication");
    await page.fill("#number", "4000 0027 6000 3184");
    await page.click("#pay");
    await page.click("#pass");
    await page.waitForURL(/\/done/);
    expect(await bench.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      payment_status: "paid",
    });
    await page.context().close();
  });

  test("a finished or expired session says so", async () => {
    const session = await openSession();
    await bench.stripe.checkout.sessions.expire(session.id);
    const page = await visit(session.url ?? "");
    await shot(page, "expired");
    expect(await page.textContent("h1")).toBe("This page has expired");
    await page.context().close();
  });

  test("the front page shows payments, events and deliveries", async () => {
    await pay(bench.stripe, { metadata: { reference: "PO-1001" } });
    await bench.sink.until(() => bench.sink.types().includes("payment_intent.succeeded"));
    const page = await visit(bench.provider.url, 1280);
    await shot(page, "front");
    expect(await page.textContent("main")).toContain("PO-1001");
    expect(await page.textContent("main")).toContain("payment_intent.succeeded");
    await page.context().close();
  });

  test("nothing is wider than a phone", async () => {
    const session = await openSession();
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    for (const url of [session.url ?? "", bench.provider.url]) {
      await page.goto(url);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    }
    await context.close();
  });
});
