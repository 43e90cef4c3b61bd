import { existsSync, mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, ledgerLine, openBench, pay, refOf, type Bench } from "./provider.ts";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path),
);
const SHOTS = process.env["SCREENSHOTS"];

describe.skipIf(CHROMIUM === undefined)("the pages in a browser, without scripts", () => {
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

  const payment = (id: string) => `${bench.provider.url}/payments/${id}`;
  const press = async (page: Page, name: string, within = "") => {
    await Promise.all([page.waitForEvent("load"), page.click(`${within} button:text-is("${name}")`)]);
  };

  test("the front page shows payments, events and deliveries", async () => {
    await pay(bench.stripe, { metadata: { reference: "PO-1001" } });
    await bench.sink.until(() => bench.sink.types().includes("payment_intent.succeeded"));
    const page = await visit(bench.provider.url, 1280);
    await shot(page, "front");
    expect(await page.textContent("main")).toContain("PO-1001");
    expect(await page.textContent("main")).toContain("payment_intent.succeeded");
    await page.context().close();
  });

  test("a delivery that fails shows its code and next try, and is sent again by a button", async () => {
    bench.sink.answer = () => 503;
    const made = await bench.stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    await bench.sink.until(() => bench.sink.types(made.id).length === 1);
    bench.sink.answer = () => 204;
    const page = await visit(payment(made.id));
    const shows = (pattern: RegExp) =>
      eventually(async () => {
        await page.reload();
        return pattern.test((await page.textContent(".delivery")) ?? "");
      });
    await shows(/waiting\s*503, next in \d s/);
    await press(page, "Resend");
    await bench.sink.until(() => bench.sink.types(made.id).length === 2);
    expect(page.url()).toBe(payment(made.id));
    await shows(/delivered\s*204/);
    await page.context().close();
  });

  test("a hold is captured in part, and refunded in part, and what is no amount is said", async () => {
    const held = await pay(bench.stripe, { amount: 125_000, capture_method: "manual" });
    const page = await visit(payment(held.id));
    await shot(page, "held");
    await page.fill("#amount-capture", "1,000.50");
    await press(page, "Capture");
    expect(await ledgerLine(bench, held.id)).toMatchObject({ captured: 100_050, voided: 24_950 });
    for (const wrong of ["ten", "1.234", "0", "-5", "2000"]) {
      await page.fill("#amount-refund", wrong);
      await press(page, "Refund");
      expect(await page.textContent("#notice")).toMatch(/is no amount|greater than/);
    }
    await page.fill("#amount-refund", "100.5");
    await press(page, "Refund");
    expect(await ledgerLine(bench, held.id)).toMatchObject({ refunded: 10_050, refunds: 1 });
    await press(page, "Fail", "section:has(h2:text-is('Refunds'))");
    expect(await ledgerLine(bench, held.id)).toMatchObject({ refunded: 0 });
    expect(await page.textContent("main")).toContain("lost or stolen card");
    await page.context().close();
  });

  test("an amount of a currency without a minor unit has no point", async () => {
    const made = await pay(bench.stripe, { amount: 54_000, currency: "jpy" });
    const page = await visit(payment(made.id));
    expect(await page.inputValue("#amount-refund")).toBe("54000");
    await page.fill("#amount-refund", "4000");
    await press(page, "Refund");
    expect(await ledgerLine(bench, made.id)).toMatchObject({ refunded: 4_000 });
    await page.context().close();
  });

  test("a hold is voided, and an open payment cancelled, from the front page", async () => {
    const held = await pay(bench.stripe, { capture_method: "manual" });
    const page = await visit(bench.provider.url, 1280);
    await press(page, "Void", `tr:has-text("${held.id}")`);
    expect(await ledgerLine(bench, held.id)).toMatchObject({ voided: 2_000, status: "canceled" });
    expect(page.url()).toBe(`${bench.provider.url}/`);
    await page.context().close();
  });

  test("a payment without a page is paid with a card from a list, and its challenge passed", async () => {
    const open = await bench.stripe.paymentIntents.create({
      amount: 4_200,
      currency: "eur",
      allowed_payment_method_types: ["card"],
    });
    const page = await visit(payment(open.id));
    await shot(page, "open");
    await page.selectOption("#choice-confirm", "pm_card_chargeDeclinedInsufficientFunds");
    await press(page, "Pay");
    expect(await page.textContent("main")).toContain("Your card has insufficient funds.");
    await page.selectOption("#choice-confirm", "pm_card_authenticationRequired");
    await press(page, "Pay");
    await press(page, "Fail 3-D Secure");
    await page.selectOption("#choice-confirm", "pm_card_authenticationRequired");
    await press(page, "Pay");
    await press(page, "Pass 3-D Secure");
    expect(await ledgerLine(bench, open.id)).toMatchObject({ captured: 4_200, status: "succeeded" });
    await page.context().close();
  });

  test("a dispute is opened, and won or lost", async () => {
    const [first, second] = [await pay(bench.stripe), await pay(bench.stripe)];
    const page = await visit(payment(first.id));
    await page.selectOption("#choice-dispute", "product_not_received");
    await press(page, "Dispute");
    await shot(page, "disputed");
    expect(await ledgerLine(bench, first.id)).toMatchObject({ disputed: 2_000 });
    expect(await page.textContent("main")).toContain("product not received");
    expect(await page.locator("#amount-refund").count()).toBe(0);
    await press(page, "Merchant wins");
    expect(await ledgerLine(bench, first.id)).toMatchObject({ disputed: 0 });
    await page.goto(payment(second.id));
    await press(page, "Dispute");
    await press(page, "Merchant loses");
    expect(await ledgerLine(bench, second.id)).toMatchObject({ disputed: 2_000 });
    expect(await page.textContent("main")).toContain("lost");
    await page.context().close();
  });

  test("time is moved and chaos set, and calmed", async () => {
    const page = await visit(bench.provider.url, 1280);
    const before = (await bench.mock("/health")) as unknown as { time: string };
    await press(page, "+1 hour");
    const after = (await bench.mock("/health")) as unknown as { time: string };
    expect(Date.parse(after.time) - Date.parse(before.time)).toBeGreaterThanOrEqual(3_600_000);
    await page.fill("#duplicate", "0.3");
    await page.fill("#delay_ms", "250");
    await page.fill("#seed", "7");
    await press(page, "Set");
    expect(await bench.mock("/chaos")).toMatchObject({ seed: 7, duplicate: 0.3, delay_ms: 250, drop: 0 });
    expect(await page.inputValue("#duplicate")).toBe("0.3");
    const refused = await fetch(`${bench.provider.url}/chaos`, {
      method: "POST",
      body: new URLSearchParams({ set: "set", drop: "3" }),
    });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("drop: must be a number from 0 to 1");
    await press(page, "Calm");
    expect(await bench.mock("/chaos")).toMatchObject({ seed: 1, duplicate: 0, delay_ms: 0 });
    await page.context().close();
  });

  test("an endpoint is disabled and enabled", async () => {
    const page = await visit(bench.provider.url, 1280);
    await press(page, "Disable");
    expect(await bench.stripe.webhookEndpoints.retrieve("we_countersign")).toMatchObject({
      status: "disabled",
    });
    await press(page, "Enable");
    expect(await bench.stripe.webhookEndpoints.retrieve("we_countersign")).toMatchObject({
      status: "enabled",
    });
    await page.context().close();
  });

  test("a page of another origin presses no buttons here", async () => {
    const held = await pay(bench.stripe, { capture_method: "manual" });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(shopUrl);
    await page.setContent(
      `<form method="post" action="${payment(held.id)}"><button name="action" value="cancel">x</button></form>`,
    );
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url() === payment(held.id)),
      page.click("button"),
    ]);
    expect(answer.status()).toBe(403);
    expect(await ledgerLine(bench, held.id)).toMatchObject({ voided: 0 });
    await context.close();
  });

  test("what is not there is said", async () => {
    const answer = await fetch(payment("pi_none"));
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("No such payment_intent");
  });

  test("nothing is wider than a phone", async () => {
    const session = await openSession();
    const disputed = await pay(bench.stripe, { payment_method: "pm_card_createDispute" });
    const asked = await pay(bench.stripe, { payment_method: "pm_card_authenticationRequired" });
    const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    for (const url of [
      session.url ?? "",
      bench.provider.url,
      payment(disputed.id),
      `${bench.provider.url}/3d-secure/${asked.id}`,
    ]) {
      await page.goto(url);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    }
    await context.close();
  });
});
