import { API_VERSION, type EndpointFacts } from "../../payments/stripe/preflight.ts";
import { failed, passed, type Check } from "./check.ts";
import { createLine } from "./remedy.ts";

/** `endive` of `2026-10-28.endive`: within one release only additions are made (https://docs.stripe.com/api/versioning). */
const releaseOf = (version: string): string => version.split(".")[1] ?? version;

/**
 * Are events written in the version that we read? An endpoint without one of its own gets the account's default, which
 * the newest event tells.
 */
export function checkVersion(ours: EndpointFacts, eventVersion: string | null, apiBase: string): Check {
  const sent = ours.api_version ?? eventVersion;
  const whose = ours.api_version === null ? "the account's default version" : `${ours.id} has the version`;
  if (sent === null)
    return passed(
      "api version",
      `we speak ${API_VERSION}; ${ours.id} has no version of its own, and no event shows the account's default yet`,
    );
  if (sent === API_VERSION) return passed("api version", `${sent}, as we speak it`);
  if (releaseOf(sent) === releaseOf(API_VERSION))
    return passed(
      "api version",
      `${whose} ${sent}; we speak ${API_VERSION}, which differs by additions alone`,
    );
  return failed(
    "api version",
    `${whose} ${sent}, we speak ${API_VERSION}; an endpoint's version is fixed, so create another, add its secret to ` +
      `STRIPE_WEBHOOK_SECRETS, and then delete ${ours.id}:\n${createLine(apiBase, ours.url)}`,
  );
}
