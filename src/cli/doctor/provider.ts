import type { Config } from "../../config.ts";
import { preflight } from "../../payments/stripe/preflight.ts";
import { failed, passed, type Check } from "./check.ts";
import { checkClock } from "./clock.ts";
import { checkEndpoint, oursAmong, webhookUrl } from "./endpoint.ts";
import { checkEvents } from "./events.ts";
import { checkKey } from "./key.ts";
import { checkReach } from "./reach.ts";
import { checkSecret, checkSecretShape } from "./secret.ts";
import { checkStandardProvider } from "./standard.ts";
import { checkVersion } from "./version.ts";

/** All that has to be right between us and the provider. Nothing is created or changed there. */
export async function checkProvider(config: Config): Promise<Check[]> {
  if (config.standard.api) return [await checkStandardProvider(config.standard.api)];
  const { apiKey, apiBase } = config.stripe;
  const key = checkKey(config);
  if (apiBase === null) return [key, bundled(config)];
  // A live key is not sent where it does not belong, and what is no key is not sent at all.
  const sendable = key.ok || /^[sr]k_test_/.test(apiKey);
  if (!sendable) return [key, ...listed(checkSecretShape(config))];
  const found = await preflight({ apiKey, apiBase });
  const checks = [key, checkReach(found, apiBase)];
  if (found.outcome !== "accepted") return [...checks, ...listed(checkSecretShape(config))];
  checks.push(checkClock(found.ahead_ms));
  if (found.endpoints === null) {
    checks.push(failed("endpoint", "STRIPE_API_KEY: not checked, as the key may not read webhook endpoints"));
    return [...checks, await checkSecret(config, null)];
  }
  const url = webhookUrl(config);
  const [ours] = oursAmong(found.endpoints, url);
  checks.push(checkEndpoint(found.endpoints, url, apiBase));
  if (ours) checks.push(checkVersion(ours, found.event_version, apiBase), checkEvents(ours, apiBase));
  return [...checks, await checkSecret(config, ours?.created_at ?? null)];
}

/** The bundled mock registers its endpoint itself, with our secret: only what belongs to a real provider would disturb it. */
function bundled({ stripe: { apiKey } }: Config): Check {
  if (!/^[sr]k_test_[A-Za-z0-9_-]{1,128}$/.test(apiKey))
    return failed(
      "provider",
      "STRIPE_API_KEY: the bundled mock provider knows keys of the form sk_test_NAME; unset it, or set STRIPE_API_BASE=https://api.stripe.com",
    );
  return passed(
    "provider",
    "bundled mock provider, which needs nothing else; set STRIPE_API_BASE=https://api.stripe.com to go live",
  );
}

const listed = (check: Check | null): Check[] => (check ? [check] : []);
