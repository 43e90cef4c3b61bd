import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumMissing, launchBrowser } from "../helpers/browser.ts";
import { startTestService, type Mail, type TestService } from "../helpers/service.ts";

const PHONE = { width: 390, height: 844 };

interface Approval {
  id: string;
  status: string;
  votes: unknown[];
}

describe.skipIf(chromiumMissing())("mailed links in a browser", () => {
  let service: TestService;
  let browser: Browser;
  beforeAll(async () => {
    [service, browser] = await Promise.all([startTestService(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.end();
  });

  const open = async (url: string, options: BrowserContextOptions = {}): Promise<Page> => {
    const page = await (await browser.newContext({ viewport: PHONE, ...options })).newPage();
    await page.goto(url);
    return page;
  };
  const ask = async (title: string, gates: Record<string, unknown>[], more: Record<string, unknown> = {}) =>
    (await service.call<Approval>("POST", "/v1/approvals", { title, gates, ...more })).body;
  const read = async (id: string) => (await service.call<Approval>("GET", `/v1/approvals/${id}`)).body;
  const mailsTo = async (to: string): Promise<Mail[]> =>
    (await (await fetch(`${service.url}/dev/mailbox.json?to=${encodeURIComponent(to)}`)).json()) as Mail[];

  /** The order's approval, as soon as the order knows of it. */
  async function asked(reference: string, amount: number): Promise<{ order: string; id: string }> {
    const order = await service.create({ amount, reference });
    await service.pay(order);
    const { approval } = await service.until(
      () => service.order(order.id),
      (view) => view.approval !== null,
    );
    return { order: order.id, id: approval?.id ?? "" };
  }

  /** Every kind of mail that carries a link: asked, reminded, reassigned, changed, asked for again, escalated. */
  async function everyMail(): Promise<{ ids: string[]; mails: Mail[] }> {
    const { order, id } = await asked("PO-scanned", 1_500_000);
    const command = async (on: string, name: string, body: Record<string, unknown> = {}) =>
      expect((await service.call("POST", `/v1/approvals/${on}/${name}`, body)).status).toBe(202);
    const mail = (to: string, subject: string) =>
      service.mail(to, (m) => m.subject.includes(subject) && m.subject.includes("PO-scanned"));
    const request = await mail("finance@example.com", "Approve");
    await command(id, "remind");
    await mail("finance@example.com", "Reminder");
    await command(id, "reassign", { from: "controller@example.com", to: "deputy@example.com" });
    await mail("deputy@example.com", "Approve");
    await service.call("POST", `/v1/orders/${order}/messages`, {
      topic: "amend",
      message: { amount: 1_400_000 },
    });
    await mail("finance@example.com", "Changed");
    const again = new URLSearchParams({ action: "fresh_link" });
    await fetch(request.links[0] ?? "", { method: "POST", body: again });
    const other = await asked("PO-scanned too", 125_000);
    // Nobody is left, so it escalates.
    for (const approver of ["finance@example.com", "controller@example.com"])
      await command(other.id, "revoke", { approver });
    await mail("cfo@example.com", "Escalated");
    const people = ["finance", "controller", "deputy", "cfo"].map((name) => `${name}@example.com`);
    const mails = (await Promise.all(people.map(mailsTo))).flat();
    return { ids: [id, other.id], mails: mails.filter((m) => m.links.length > 0) };
  }

  test("whatever a scanner does with every mailed link, nothing is decided", async () => {
    const { ids, mails } = await everyMail();
    const links = [...new Set(mails.flatMap((m) => m.links))];
    expect(new Set(mails.map((m) => m.subject.split(" ")[0]))).toEqual(
      new Set(["Approve", "Reminder:", "Changed:", "Escalated:"]),
    );
    expect(links.length).toBeGreaterThanOrEqual(5);
    const scanned = async (link: string) => {
      expect((await fetch(link, { method: "HEAD" })).status).toBe(200);
      expect((await fetch(link, { headers: { "sec-purpose": "prefetch;prerender" } })).status).toBe(200);
      const page = await open(link);
      const refused: string[] = [];
      page.on("console", (message) => refused.push(message.text()));
      // Not by way of Playwright, whose evaluations count as a person's doing.
      const debug = await page.context().newCDPSession(page);
      const run = (expression: string) => debug.send("Runtime.evaluate", { expression, userGesture: false });
      // A script of the scanner's in the page does not run.
      await run(`document.body.append(Object.assign(document.createElement("script"),
        { textContent: "document.querySelector('button[value=approve]').click()" }))`);
      expect(refused.join()).toContain("Content Security Policy");
      // One that goes round the page's policy, as a debugger does, is not taken for a person.
      for (const expression of [
        "document.querySelector('button[value=approve]')?.click()",
        "document.forms[0]?.requestSubmit(document.querySelector('button[value=approve]'))",
        "document.forms[0]?.submit()",
      ]) {
        await run(expression);
        await page.waitForTimeout(100);
        await page.waitForLoadState();
      }
      await page.waitForTimeout(100);
      await page.context().close();
    };
    await Promise.all(links.map(scanned));
    const prefetching = await open(`${service.url}/`);
    await prefetching.setContent(links.map((link) => `<link rel="prefetch" href="${link}">`).join(""));
    await prefetching.waitForTimeout(300);
    await prefetching.context().close();
    for (const id of ids) expect(await read(id)).toMatchObject({ status: "pending", votes: [] });
  }, 90_000);

  test("a person's click decides, and the page that follows shows what it did", async () => {
    const order = await service.create({ amount: 125_000, reference: "PO-click" });
    await service.pay(order);
    const mail = await service.mail("finance@example.com", (m) => m.subject.includes("PO-click"));
    const page = await open(mail.links[0] ?? "");
    const start = performance.now();
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("1,250.00 USD was captured").waitFor();
    const ms = Math.round(performance.now() - start);
    console.info(`a click, the capture and the page that shows it: ${ms} ms`);
    await page.reload();
    await page.getByText("You approved this").waitFor();
    await page.context().close();
  });

  test("a keyboard is enough, also where the amount is typed", async () => {
    const boss = "keyboard@example.com";
    const gates = [{ name: "board", approvers: [boss], confirm_amount: true }];
    const { id } = await ask("Machine", gates, { amount: 1_250_000, currency: "kwd" });
    const page = await open((await service.mail(boss)).links[0] ?? "");
    const focused = () =>
      page.evaluate<string[]>(
        `(() => { const e = document.activeElement; const style = getComputedStyle(e);
           return [e.value && e.tagName === "BUTTON" ? e.value : e.name, style.outlineStyle, style.outlineWidth]; })()`,
      );
    await page.keyboard.press("Tab");
    expect(await focused()).toEqual(["comment", "solid", "3px"]);
    await page.keyboard.type("By keyboard");
    await page.keyboard.press("Tab");
    expect(await focused()).toEqual(["confirm_amount", "solid", "3px"]);
    await page.keyboard.type("1250");
    await page.keyboard.press("Enter");
    await page.waitForTimeout(200);
    expect((await read(id)).votes).toEqual([]);
    await page.keyboard.press("Tab");
    expect(await focused()).toEqual(["approve", "solid", "3px"]);
    await page.keyboard.press("Enter");
    await page.getByText("You approved this").waitFor();
    expect(await read(id)).toMatchObject({
      status: "approved",
      votes: [{ approver: boss, comment: "By keyboard" }],
    });
    await page.context().close();
  });

  test("a link keeps to itself: no other origin, no cookie, no copy, and no token in a referrer", async () => {
    const boss = "private@example.com";
    await ask("Secret", [{ name: "board", approvers: [boss] }]);
    const link = (await service.mail(boss)).links[0] ?? "";
    const context = await browser.newContext();
    const page = await context.newPage();
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    const response = await page.goto(link);
    expect(await response?.allHeaders()).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "same-origin",
      "x-robots-tag": "noindex, nofollow",
      "x-content-type-options": "nosniff",
    });
    expect(requests.filter((url) => !url.endsWith("/favicon.ico"))).toEqual([link]);
    expect(await context.cookies()).toEqual([]);
    const elsewhere = page.waitForRequest((request) => request.url().includes("localhost"));
    await page.evaluate(`location.href = ${JSON.stringify(service.url.replace("127.0.0.1", "localhost"))}`);
    expect((await (await elsewhere).allHeaders())["referer"]).toBeUndefined();
    await context.close();
  });
});
