import type { Config } from "../../config.ts";
import { failed, passed, type Check } from "./check.ts";

const isStripe = (base: URL) => base.hostname === "stripe.com" || base.hostname.endsWith(".stripe.com");

/** What the key is, and whether it may go where it would be sent. Looks at the configuration alone. */
export function checkKey({ stripe: { apiKey, apiBase }, production }: Config): Check {
  const no = (text: string) => failed("key", `STRIPE_API_KEY: ${text}`);
  const shape = /^(sk|rk|pk)_(live|test)_\S+$/.exec(apiKey);
  const [, kind, mode] = shape ?? [];
  if (!shape || apiKey.length > 255)
    return no("this is no secret key of Stripe: it begins with sk_live_, rk_live_, sk_test_ or rk_test_");
  if (kind === "pk") return no("this is the publishable key, which can read nothing; set the secret one");
  if (mode === "live") {
    if (apiBase === null)
      return no(
        "a live key, but the bundled mock provider is used; set STRIPE_API_BASE=https://api.stripe.com",
      );
    const base = new URL(apiBase);
    if (base.protocol !== "https:" || !isStripe(base))
      return no(
        `a live key would be sent to ${base.origin}, and was not sent now; set STRIPE_API_BASE=https://api.stripe.com, or a test key`,
      );
  }
  if (mode === "test" && production)
    return no("a test key in production moves no money; set the live one (NODE_ENV=production is set)");
  const name = `${kind === "rk" ? "a restricted" : "a secret"} key of ${mode} mode`;
  return passed("key", mode === "test" && apiBase !== null ? `${name}: no money moves` : name);
}
