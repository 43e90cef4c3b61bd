import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumMissing, launchBrowser } from "../helpers/browser.ts";
import { startTestService, type TestService } from "../helpers/service.ts";

const PHONE = { width: 390, height: 844 };

describe.skipIf(chromiumMissing())("in a browser", () => {
  let service: TestService;
  let browser: Browser;
  beforeAll(async () => {
    [service, browser] = await Promise.all([startTestService(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.end();
  });

  const open = async (url: string, options: { javaScriptEnabled?: boolean } = {}): Promise<Page> => {
    const page = await (await browser.newContext({ viewport: PHONE, ...options })).newPage();
    await page.goto(url);
    return page;
  };

  test("a customer is declined, passes 3-D Secure with another card, and an approver decides without JavaScript", async () => {
    const order = await service.create({
      amount: 125_000,
      reference: "PO-browser",
      customer: { email: "buyer@example.com" },
    });
    const checkout = await open(order.payment.checkout_url ?? "", { javaScriptEnabled: false });
    await checkout.getByRole("button", { name: "Card is declined" }).click();
    await checkout
      .getByText(/declined/i)
      .first()
      .waitFor();
    await service.reached(order.id, "payment_failed");
    await checkout.getByRole("button", { name: "3-D Secure" }).click();
    await checkout.getByRole("button", { name: "Complete authentication" }).click();
    await checkout.waitForURL(`${service.url}/paid`);
    await checkout.getByText("Thank you").waitFor();
    await service.reached(order.id, "awaiting_approval");

    const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-browser"));
    const approver = await open(mail.links[0]!, { javaScriptEnabled: false });
    await approver.getByRole("heading", { name: "1,250.00 USD" }).waitFor();
    expect(await approver.evaluate("document.documentElement.scrollWidth <= window.innerWidth")).toBe(true);
    await approver.getByLabel("Comment").fill("Fine with me.");
    await approver.getByRole("button", { name: "Approve" }).click();
    await approver.getByText("1,250.00 USD was captured").waitFor();
    await service.reached(order.id, "completed");

    const again = await open(mail.links[0]!);
    await again.getByText("You approved this").waitFor();
    expect(await again.getByRole("button").count()).toBe(0);
  });

  test("a scanner that opens every link of a mail, runs its scripts and waits decides nothing", async () => {
    const order = await service.create({ amount: 125_000, reference: "PO-scanner" });
    await service.pay(order);
    const mail = await service.mail("controller@example.com", (m) => m.subject.includes("PO-scanner"));
    for (const link of mail.links) {
      const page = await open(link);
      // Not even a script that submits the page's own form without a button.
      await page.evaluate("document.forms[0]?.submit()").catch(() => undefined);
      await page.waitForTimeout(500);
    }
    const still = await service.order(order.id);
    expect(still.approvals[0]).toMatchObject({ status: "pending", votes: [] });
  });
});
