import { isIP } from "node:net";
import type { Config } from "../../config.ts";
import type { EndpointFacts } from "../../payments/stripe/preflight.ts";
import { failed, passed, type Check } from "./check.ts";
import { createLine, enableLine } from "./remedy.ts";

const PATH = "/webhooks/stripe";

/** Where the provider has to send webhooks. */
export const webhookUrl = ({ publicUrl, host, port }: Config): string =>
  `${publicUrl ?? `http://${host}:${port}`}${PATH}`;

/** The endpoints that send to us; one that is enabled first. */
export const oursAmong = (endpoints: EndpointFacts[], url: string): EndpointFacts[] =>
  endpoints
    .filter((endpoint) => URL.parse(endpoint.url)?.href === URL.parse(url)?.href)
    .sort((a, b) => Number(b.enabled) - Number(a.enabled));

/** Is there a webhook endpoint with our address, and does it send? */
export function checkEndpoint(endpoints: EndpointFacts[], url: string, apiBase: string): Check {
  const [ours, ...others] = oursAmong(endpoints, url);
  if (!ours) {
    if (isPrivate(url) && !isPrivate(apiBase))
      return failed(
        "endpoint",
        `PUBLIC_URL: ${new URL(apiBase).host} cannot reach ${url}; set the https URL under which it is reached, ` +
          `or for a trial run \`stripe listen --forward-to ${url}\` and put the secret it prints into STRIPE_WEBHOOK_SECRETS`,
      );
    const elsewhere = endpoints.filter((each) => URL.parse(each.url)?.pathname === PATH);
    const hint =
      elsewhere.length > 0
        ? ` (there is one for ${elsewhere.map((each) => each.url).join(", ")}: is PUBLIC_URL right?)`
        : "";
    return failed(
      "endpoint",
      `PUBLIC_URL: no webhook endpoint sends to ${url}${hint}; create it and set STRIPE_WEBHOOK_SECRETS to the secret in the answer:\n${createLine(apiBase, url)}`,
    );
  }
  if (!ours.enabled)
    return failed(
      "endpoint",
      `${ours.id} for ${url} is disabled, so nothing is sent; enable it:\n${enableLine(apiBase, ours.id)}`,
    );
  const enabled = others.filter((each) => each.enabled);
  if (enabled.length > 0)
    return passed(
      "endpoint",
      `${[ours, ...enabled].map((each) => each.id).join(" and ")} send to ${url}: each event comes ${enabled.length + 1} times, and STRIPE_WEBHOOK_SECRETS needs the secret of each`,
    );
  return passed("endpoint", `${ours.id} sends to ${url}`);
}

/** An address that only this machine or its network knows. */
function isPrivate(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  if (!host.includes(".") && isIP(host) === 0) return true;
  return (
    /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|0\.|::1$|f[cde])/.test(host) &&
    isIP(host) > 0
  );
}
