import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { seriousFaults } from "./axe.ts";
import type { TestService } from "./service.ts";

export interface OpenedConsole {
  page: Page;
  /** What the browser complained about; a test ends with none. */
  troubles: string[];
  close: () => Promise<void>;
}

/** A signed-in browser at a page of the console. `refusals` are expected, such as of what a test tries and may not. */
export async function openConsole(
  { browser, service }: { browser: Browser; service: TestService },
  path: string,
  { key = "ck_dev", ...options }: BrowserContextOptions & { key?: string } = {},
): Promise<OpenedConsole> {
  const context = await browser.newContext({ baseURL: service.url, ...options });
  const signedIn = await context.request.post("/console/session", {
    data: { key },
    headers: { origin: service.url },
  });
  expect(signedIn.status()).toBe(200);
  const page = await context.newPage();
  // Below a test's own time, so that what was waited for is said.
  page.setDefaultTimeout(12_000);
  const troubles: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(message.text());
  });
  page.on("pageerror", (error) => troubles.push(error.message));
  await page.goto(path);
  return { page, troubles, close: () => context.close() };
}

/** Nothing serious hinders people on these pages, by day and at night, and none is wider than a phone. */
export async function expectFits(
  where: { browser: Browser; service: TestService },
  paths: string[],
): Promise<void> {
  const viewport = { width: 390, height: 844 };
  const { page, close } = await openConsole(where, "/sign-in", { viewport, bypassCSP: true });
  for (const path of paths) {
    await page.goto(path);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.getByRole("heading", { level: 1 }).waitFor();
      await expect.poll(() => page.locator("[aria-busy=true]").count()).toBe(0);
      expect(await seriousFaults(page), `${path} ${colorScheme}`).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth"), path).toBeLessThanOrEqual(390);
    }
  }
  await close();
}
