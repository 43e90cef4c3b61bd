import { join } from "node:path";
import { hasConsole } from "../http/console.ts";
import { PACKAGE } from "../package.ts";

/** Where the console is built. */
export const CONSOLE = join(PACKAGE, "dist/console");

export interface Link {
  label: string;
  href: string;
  what: string;
}

/** What to show a person who has just started it. */
export const linksOf = (url: string, providerUrl: string | null, mailbox: boolean): Link[] => [
  ...(hasConsole(CONSOLE)
    ? [{ label: "Console", href: url, what: "orders, approvals and webhooks, live; sign in with a key" }]
    : []),
  { label: "API", href: `${url}/v1/orders`, what: "the management API; send Authorization: Bearer KEY" },
  ...(mailbox ? [{ label: "Mailbox", href: `${url}/dev/mailbox`, what: "what would have been mailed" }] : []),
  ...(providerUrl
    ? [{ label: "Provider", href: providerUrl, what: "the bundled mock of Stripe's API" }]
    : []),
  ...metricsLink(url),
];

export const metricsLink = (url: string): Link[] => [
  { label: "Metrics", href: `${url}/metrics`, what: "for Prometheus" },
];
