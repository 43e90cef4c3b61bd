import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

/** Debian's Chromium, where it is installed. */
export const CHROMIUM = "/usr/bin/chromium";

/** Null, and a printed reason, where there is no Chromium. */
export function chromiumMissing(): string | null {
  if (existsSync(CHROMIUM)) return null;
  const reason = `browser tests are skipped: ${CHROMIUM} is missing; apt-get install chromium`;
  console.warn(reason);
  return reason;
}

/** A headless browser that talks to nobody but the pages it is given. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
