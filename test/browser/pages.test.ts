import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  confirmPage,
  decidedPage,
  errorPage,
  expiredPage,
  freshLinkLaterPage,
  freshLinkSentPage,
  landingPage,
  mailboxPage,
  MAILBOX_HEADERS,
  notFoundPage,
  PAGE_HEADERS,
  revokedPage,
  supersededPage,
  takenPage,
  tooManyPage,
} from "../../src/http/pages/index.ts";
import type { MailboxEntry } from "../../src/mail/dev-mailbox.ts";
import { requestMail, type MailContent } from "../../src/mail/templates/index.ts";
import { chromiumMissing, launchBrowser } from "../helpers/browser.ts";
import * as sample from "../mail/samples.ts";

const at = sample.approval.at;
const fresh_link = { to: "finance@example.com" };
const large = { ...sample.secondStage, content_hash: "ab".repeat(32), confirm_amount: "12,500.00" };

const entry = (number: number, mail: MailContent, links: string[] = []): MailboxEntry => ({
  ...mail,
  id: `mail_00000${number}`,
  to: "finance@example.com",
  links,
  message_id: `<apr_1.${number}@localhost>`,
  at,
  copies: number,
});

const evilMail: MailContent = {
  subject: sample.HOSTILE,
  text: `${sample.HOSTILE} javascript:alert(1)`,
  html: `<script>parent.document.title="broken"</script><img src=x onerror="parent.document.title='broken'"><p>${sample.HOSTILE}</p>`,
};

const PAGES: Record<string, string> = {
  confirm: confirmPage(sample.confirm),
  "confirm-large": confirmPage({
    ...large,
    error: "The amount typed does not match.",
    comment: "Looks right",
  }),
  "confirm-changed": confirmPage({ ...sample.confirm, changes: sample.changed.changes! }),
  "confirm-hostile": confirmPage({
    ...sample.hostileAsk,
    content_hash: sample.HOSTILE,
    confirm_amount: sample.HOSTILE,
    error: sample.HOSTILE,
    comment: sample.HOSTILE,
  }),
  decided: decidedPage(sample.decided),
  "decided-elsewhere": decidedPage({
    ...sample.decided,
    yours: false,
    just_now: false,
    status: "rejected",
    vote: { ...sample.approval, decision: "reject" },
    votes: [sample.approval],
    next: sample.next,
  }),
  "decided-hostile": decidedPage({
    asked: sample.hostile,
    status: "pending",
    vote: sample.hostileVote,
    yours: false,
    votes: [sample.hostileVote],
    happened: [{ when: sample.HOSTILE, what: sample.HOSTILE }],
  }),
  "expired-link": expiredPage({ asked: sample.order, at, because: "link", fresh_link, next: sample.next }),
  "expired-approval": expiredPage({ asked: sample.order, at, because: "approval", fresh_link: null }),
  revoked: revokedPage({ asked: null, at, because: { kind: "revoked" }, fresh_link }),
  reassigned: revokedPage({
    asked: null,
    at,
    because: { kind: "reassigned", to: "cfo@example.com" },
    fresh_link: null,
  }),
  withdrawn: revokedPage({
    asked: sample.order,
    at,
    because: { kind: "withdrawn", reason: "cancelled" },
    fresh_link: null,
  }),
  superseded: supersededPage({ asked: sample.order, at, changes: sample.changed.changes!, fresh_link }),
  "superseded-ended": supersededPage({
    asked: sample.order,
    at,
    changes: sample.changed.changes!,
    fresh_link: null,
    had_decided: true,
    too_late: true,
    status: "approved",
    votes: [sample.approval],
    happened: sample.decided.happened!,
  }),
  "decided-next-gate": decidedPage({
    ...sample.decided,
    status: "pending",
    just_now: false,
    happened: [],
    next: sample.next,
    fresh_link,
  }),
  "decided-too-late": decidedPage({ ...sample.decided, yours: false, just_now: false, too_late: true }),
  "decided-expired": decidedPage({
    ...sample.decided,
    status: "expired",
    just_now: false,
    happened: [],
    ended: { by: "countersign", at: "2026-11-28T09:30:00.000Z", comment: null },
  }),
  "approved-by-silence": decidedPage({
    ...sample.decided,
    vote: null,
    yours: false,
    ended: { by: "countersign", at, comment: "nobody decided in time, and the policy approves then" },
  }),
  "not-asked": revokedPage({ asked: null, at: null, because: { kind: "not_asked" }, fresh_link: null }),
  "not-found": notFoundPage(),
  "too-many": tooManyPage({ retry_after_s: 90 }),
  "fresh-link-sent": freshLinkSentPage(fresh_link),
  "fresh-link-later": freshLinkLaterPage({ ...fresh_link, retry_after_s: 1_700 }),
  taken: takenPage(),
  error: errorPage({
    title: "The database cannot be reached",
    message: "Nothing was decided.",
    request_id: "req_1",
  }),
  landing: landingPage({
    line: "Orders and approvals",
    links: [{ label: "API", href: "/docs", what: "Every path" }],
  }),
  mailbox: mailboxPage({
    mails: [entry(2, requestMail(sample.ask), [sample.link]), entry(1, evilMail)],
    total: 7,
  }),
  "mailbox-empty": mailboxPage({ mails: [], to: "finance@example.com", smtp_url: "smtp://127.0.0.1:2525" }),
};

/** What the forms sent. */
const posts: { path: string; form: Record<string, string>; headers: IncomingHttpHeaders }[] = [];
const missing = chromiumMissing();
/** SCREENSHOTS=folder keeps a picture of every page, to be looked at. */
const shots = process.env["SCREENSHOTS"];
let server: Server;
let browser: Browser;
/** The pages keep nothing in the browser, so one profile serves them all. */
let usual: BrowserContext;
let origin: string;

beforeAll(async () => {
  if (missing) return;
  server = createServer((request, response) => {
    const name = new URL(request.url ?? "/", "http://host").pathname.slice(1);
    if (request.method === "POST")
      void text(request).then((body) => {
        posts.push({
          path: `/${name}`,
          form: Object.fromEntries(new URLSearchParams(body)),
          headers: request.headers,
        });
        response.writeHead(200, PAGE_HEADERS).end(PAGES["decided"]);
      });
    else
      response
        .writeHead(PAGES[name] ? 200 : 404, name.startsWith("mailbox") ? MAILBOX_HEADERS : PAGE_HEADERS)
        .end(PAGES[name] ?? PAGES["not-found"]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launchBrowser();
  usual = await browser.newContext();
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

beforeEach(() => void posts.splice(0));

const opened: (Page | BrowserContext)[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

/** That page, in a browser profile of its own where it is to be another than usual; what it complains about lands in `complaints`. */
async function open(name: string, options?: BrowserContextOptions) {
  const context = options ? await browser.newContext(options) : usual;
  const page = await context.newPage();
  opened.push(options ? context : page);
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!/^(data|about):/.test(request.url()) && !request.url().startsWith(origin))
      complaints.push(request.url());
  });
  await page.goto(`${origin}/${name}`);
  return { page, complaints };
}

/** Runs in the page: each text whose contrast with what lies behind it is below WCAG AA. */
const LOW_CONTRAST = `(() => {
  const rgb = (value) => value.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .flatMap((e) => {
      const [a, b] = [luminance(rgb(getComputedStyle(e).color)), luminance(behind(e))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      return ratio < 4.5 ? [e.tagName + " " + e.textContent.slice(0, 40) + ": " + ratio.toFixed(2)] : [];
    });
})()`;

/** Runs in the page: each button and field that is too low for a thumb. */
const SMALL_TARGETS = `[...document.querySelectorAll("button, textarea, input:not([type=hidden]), summary")]
  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44)
  .map((e) => e.outerHTML.slice(0, 60) + ": " + e.getBoundingClientRect().height)`;

const count = (page: Page, selector: string) => page.locator(selector).count();

/** Every width and every theme; a page's colours do not depend on its width. */
const SIZES = [
  [1200, "light"],
  [390, "dark"],
  [320, "light"],
] as const;

/** What the hostile mail in its frame is denied, as the browser reports it. */
const DENIED = /Blocked script execution in 'about:srcdoc'|Loading the image .* violates/;

describe.skipIf(missing)("wide and narrow, light and dark", () => {
  test.each(Object.keys(PAGES))("%s fits, reads well and asks for nothing", async (name) => {
    const { page, complaints } = await open(name);
    for (const [width, colorScheme] of SIZES) {
      await page.setViewportSize({ width, height: 844 });
      await page.emulateMedia({ colorScheme });
      if (shots)
        await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      expect(
        await page.evaluate("document.documentElement.scrollWidth - window.innerWidth"),
      ).toBeLessThanOrEqual(0);
      expect(await page.evaluate(LOW_CONTRAST)).toEqual([]);
      expect(await page.evaluate(SMALL_TARGETS)).toEqual([]);
    }
    expect(await page.getAttribute("html", "lang")).toBe("en");
    expect(await count(page, "h1")).toBe(1);
    expect(await count(page, "main")).toBe(1);
    expect(await count(page, "script, img, link, object")).toBe(0);
    expect(
      await page.evaluate(
        `[...document.querySelectorAll("textarea, input:not([type=hidden])")].filter((f) => f.labels.length !== 1).length`,
      ),
    ).toBe(0);
    expect(complaints.filter((text) => !(name === "mailbox" && DENIED.test(text)))).toEqual([]);
    expect(await page.title()).not.toBe("broken");
    expect(posts).toEqual([]);
  });
});

describe.skipIf(missing)("the decision form", () => {
  test.each([
    ["Approve", "approve"],
    ["Reject", "reject"],
    ["Request changes", "request_changes"],
  ])("%s posts the decision, the comment and what was shown, without JavaScript", async (label, decision) => {
    const { page } = await open("confirm", {
      javaScriptEnabled: false,
      viewport: { width: 390, height: 844 },
    });
    await page.getByLabel("Comment").fill("Fine <b>by</b> me\nreally");
    await page.getByRole("button", { name: label, exact: true }).click();
    await page.getByText("You approved this").waitFor();
    expect(posts).toHaveLength(1);
    expect(posts[0]!.path).toBe("/confirm");
    expect(posts[0]!.form).toEqual({
      decision,
      comment: "Fine <b>by</b> me\r\nreally",
      content_hash: "ab".repeat(32),
    });
    expect(posts[0]!.headers.origin).toBe(origin);
  });

  test("a large amount is typed to approve, and not to reject", async () => {
    const { page } = await open("confirm-large");
    await page.getByRole("button", { name: "Approve" }).click();
    expect(posts).toEqual([]);
    await page.getByLabel("Type the amount to approve").fill("12,500.00");
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("You approved this").waitFor();
    expect(posts[0]!.form).toMatchObject({
      decision: "approve",
      confirm_amount: "12,500.00",
      comment: "Looks right",
    });
    await page.goto(`${origin}/confirm-large`);
    await page.getByRole("button", { name: "Reject" }).click();
    await page.getByText("You approved this").waitFor();
    expect(posts[1]!.form).toMatchObject({ decision: "reject", confirm_amount: "" });
  });

  test("Enter in a field decides nothing", async () => {
    const { page } = await open("confirm-large");
    await page.getByLabel("Type the amount to approve").fill("12,500.00");
    await page.getByLabel("Type the amount to approve").press("Enter");
    await page.waitForTimeout(300);
    expect(posts).toEqual([]);
  });

  test("it is used by keyboard, and the focus is seen", async () => {
    const { page } = await open("confirm");
    const reached: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press("Tab");
      reached.push(
        await page.evaluate(
          `(() => { const e = document.activeElement; return [e.value || e.name, getComputedStyle(e).outlineWidth]; })()`,
        ),
      );
    }
    expect(reached).toEqual([
      ["comment", "3px"],
      ["approve", "3px"],
      ["reject", "3px"],
      ["request_changes", "3px"],
    ]);
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.getByText("You approved this").waitFor();
    expect(posts[0]!.form["decision"]).toBe("reject");
  });

  test("what others wrote is shown as they wrote it, and runs nothing", async () => {
    const { page, complaints } = await open("confirm-hostile");
    expect(await page.getByLabel("Comment").inputValue()).toContain("<script>alert(1)</script>");
    expect(await page.getByRole("alert").textContent()).toContain("<script>alert(1)</script>");
    expect(await count(page, "form")).toBe(1);
    expect(complaints).toEqual([]);
  });

  test("a script that got in would not run", async () => {
    PAGES["injected"] = confirmPage(sample.confirm).replace(
      "</form>",
      `</form><script>document.forms[0].submit()</script><style>body{display:none}</style>`,
    );
    const { page, complaints } = await open("injected");
    await page.waitForTimeout(300);
    expect(posts).toEqual([]);
    expect(await page.isVisible("h1")).toBe(true);
    expect(complaints.filter((text) => text.includes("Content Security Policy"))).toHaveLength(2);
  });
});

describe.skipIf(missing)("a link that is over", () => {
  test.each(["expired-link", "revoked", "superseded", "decided-next-gate"])(
    "%s mails a fresh one at a click",
    async (name) => {
      const { page } = await open(name, { javaScriptEnabled: false });
      expect(await page.textContent("main")).toContain("f•••@example.com");
      expect(await page.content()).not.toContain("finance@example.com and");
      await page.getByRole("button", { name: "Mail me a fresh link" }).click();
      await page.getByText("You approved this").waitFor();
      expect(posts).toMatchObject([{ path: `/${name}`, form: { action: "fresh_link" } }]);
    },
  );

  test.each([
    ...["expired-approval", "reassigned", "withdrawn", "not-found", "too-many", "superseded-ended"],
    ...["decided-expired", "decided-too-late", "not-asked", "fresh-link-later", "taken"],
  ])("%s offers none, and no decision", async (name) => {
    const { page } = await open(name);
    expect(await count(page, "form, button")).toBe(0);
  });
});

describe.skipIf(missing)("the mailbox page", () => {
  test("shows a mail's HTML as it looks, in a frame of its own, and its link leads to the page", async () => {
    PAGES["a"] = PAGES["confirm"]!;
    const mail = requestMail({ ...sample.ask, link: `${origin}/a` });
    PAGES["mailbox-link"] = mailboxPage({ mails: [entry(1, mail, [`${origin}/a`])] });
    const { page } = await open("mailbox-link", { viewport: { width: 1280, height: 900 } });
    const button = page.frameLocator("iframe").getByRole("link", { name: "Review and decide" });
    await button.waitFor();
    expect(
      await page
        .frames()[1]!
        .evaluate("getComputedStyle(document.querySelector('a.button')).backgroundColor"),
    ).toBe("rgb(11, 103, 80)");
    await button.click();
    await page.getByRole("button", { name: "Approve" }).waitFor();
    expect(page.url()).toBe(`${origin}/a`);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.getByText("You approved this").waitFor();
    expect(posts).toHaveLength(1);
    expect(posts[0]!.headers.origin).toBe(origin);
    await page.goto(`${origin}/mailbox-link`);
    await page.locator("pre a").click();
    await page.getByRole("button", { name: "Approve" }).waitFor();
  });

  test("a hostile mail runs nothing and stays in its frame", async () => {
    const { page } = await open("mailbox");
    await page.locator("summary").nth(1).click();
    await page.locator("iframe").nth(1).scrollIntoViewIfNeeded();
    await page.waitForTimeout(300);
    expect(await page.title()).toBe("Development mailbox · Countersign");
    expect(await count(page, "script, img")).toBe(0);
    expect(await page.locator("pre").nth(1).locator("a").count()).toBe(0);
  });

  test("without mail it says how to get some", async () => {
    const { page } = await open("mailbox-empty");
    expect(await page.textContent("main")).toContain("smtp://127.0.0.1:2525");
    expect(await page.getByLabel("To").inputValue()).toBe("finance@example.com");
  });
});

test("the headers let nothing in, keep no copy and tell nobody", () => {
  expect(PAGE_HEADERS).toMatchObject({
    "Content-Security-Policy": expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    ) as string,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": expect.stringContaining("noindex") as string,
  });
});
