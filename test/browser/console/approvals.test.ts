import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumMissing, launchBrowser } from "../../helpers/browser.ts";
import { expectFits, openConsole } from "../../helpers/console.ts";
import { startTestService, type TestService } from "../../helpers/service.ts";

const KEYS = [
  "dev:admin:ck_dev",
  "dev:finance:ck_finance:finance@example.com",
  "dev:finance:ck_sam:sam@example.com",
  "dev:viewer:ck_view:viewer@example.com",
];

describe.skipIf(chromiumMissing())("approvals in the console", () => {
  let service: TestService;
  let browser: Browser;
  beforeAll(async () => {
    [service, browser] = await Promise.all([startTestService({ API_KEYS: KEYS.join() }), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.end();
  });

  /** An order that waits for people, and its approval. */
  async function asked(reference: string, amount: number) {
    const order = await service.create({ reference, amount, requested_by: "sam@example.com" });
    await service.pay(order);
    const { approval } = await service.until(
      () => service.order(order.id),
      ({ approval }) => approval?.status === "pending",
    );
    return { order, approval: approval?.id ?? "" };
  }

  test("what waits for me comes first; two gates are passed, one here and one by the mail in the mailbox", async () => {
    const { order } = await asked("PO-gates", 1_500_000);
    const { page, troubles } = await openConsole({ browser, service }, "/approvals", { key: "ck_finance" });
    await page.getByRole("link", { name: "PO-gates" }).click();
    await page.getByText("It waits for you").waitFor();
    await page.getByRole("button", { name: "Approve" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Approve" }).click();
    await page.getByText("Waits for cfo@example.com").waitFor();

    const mails = await openConsole({ browser, service }, "/mailbox?to=cfo@example.com");
    const frame = mails.page.frameLocator("iframe");
    const [link] = await Promise.all([
      mails.page.waitForEvent("popup"),
      frame.getByRole("link", { name: "Review and decide" }).click(),
    ]);
    const amount = link.getByLabel("Type the amount to approve");
    if ((await amount.count()) > 0) await amount.fill("15,000.00");
    await link.getByRole("button", { name: "Approve" }).click();
    await link.getByText("You approved").waitFor();

    await page.getByText("Decided by").waitFor();
    await service.reached(order.id, "completed");
    await page.getByRole("link", { name: "Approvals", exact: true }).first().click();
    await page.getByText("Nothing waits for you").waitFor();
    expect([...troubles, ...mails.troubles]).toEqual([]);
  });

  test("a rejection says why, and a page that is old decides nothing", async () => {
    const { order, approval } = await asked("PO-changed", 125_000);
    const { page } = await openConsole({ browser, service }, `/approvals/${approval}`, { key: "ck_finance" });
    // What is shown is kept from being read anew, as on a bad network.
    await page.getByText("It waits for you").waitFor();
    await page.route("**/v1/approvals/*", (route) =>
      route.request().method() === "GET" ? route.abort() : route.continue(),
    );
    await service.call("POST", `/v1/orders/${order.id}/messages`, {
      topic: "amend",
      message: { description: "something else" },
    });
    await service.until(
      async () => (await service.call<{ revision: number }>("GET", `/v1/approvals/${approval}`)).body,
      ({ revision }) => revision === 2,
    );
    const dialog = page.getByRole("dialog");
    await page.getByRole("button", { name: "Approve" }).click();
    await dialog.getByRole("button", { name: "Approve" }).click();
    await dialog.getByText("What is asked has changed since; read the approval again.").waitFor();
    expect((await service.order(order.id)).status).toBe("awaiting_approval");

    await page.unroute("**/v1/approvals/*");
    await page.reload();
    await page.getByText("something else").first().waitFor();
    await page.getByRole("button", { name: "Reject" }).click();
    await dialog.getByLabel("Reason").fill("We have enough.");
    await dialog.getByRole("button", { name: "Reject" }).click();
    await page.getByText("“We have enough.”").first().waitFor();
    expect((await service.reached(order.id, "rejected")).payment.amount_captured).toBe(0);
  });

  test("an admin asks somebody else, and the page shows it", async () => {
    const { approval } = await asked("PO-people", 125_000);
    const { page } = await openConsole({ browser, service }, `/approvals/${approval}`);
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: "Ask somebody else" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/^Ask/).fill("cfo@example.com");
    await dialog.getByRole("button", { name: "Reassign" }).click();
    await page.getByText(/Waits for .*cfo@example.com/).waitFor();
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: "Remind them" }).click();
    await dialog.getByRole("button", { name: "Send the reminder" }).click();
    await service.mail("cfo@example.com", ({ subject }) => /remind/i.test(subject));
  });

  test("whoever is not asked is offered no decision, and a viewer nothing at all", async () => {
    const { approval } = await asked("PO-others", 125_000);
    for (const key of ["ck_sam", "ck_view"]) {
      const { page, close } = await openConsole({ browser, service }, `/approvals/${approval}`, { key });
      await page.getByText("Waits for finance@example.com").waitFor();
      for (const name of ["Approve", "Reject", "Request changes"])
        expect(await page.getByRole("button", { name }).count(), `${key} ${name}`).toBe(0);
      expect(await page.getByRole("button", { name: "More actions" }).count()).toBe(
        key === "ck_view" ? 0 : 1,
      );
      await close();
    }
  });

  test("somebody who goes away delegates, and takes it back", async () => {
    const { page, troubles } = await openConsole({ browser, service }, "/approvals?view=delegations", {
      key: "ck_finance",
    });
    await page.getByText("Nobody stands in for anybody").waitFor();
    await page.getByRole("button", { name: "New delegation" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Who decides meanwhile").fill("cfo@example.com");
    await dialog.getByRole("button", { name: "Delegate" }).click();
    await page.getByRole("cell", { name: /^cfo@example.com for finance@example.com/ }).waitFor();
    await page.getByRole("button", { name: "Take back" }).click();
    await dialog.getByRole("button", { name: "Take it back" }).click();
    await page.getByText("Nobody stands in for anybody").waitFor();
    expect(troubles).toEqual([]);
  });

  test("hinder nobody", async () => {
    const { approval } = await asked("PO-fits", 125_000);
    await expectFits({ browser, service }, [
      "/approvals?view=all",
      "/approvals?view=delegations",
      `/approvals/${approval}`,
      "/mailbox",
    ]);
  });
});
