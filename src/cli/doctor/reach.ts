import type { Preflight } from "../../payments/stripe/preflight.ts";
import { failed, passed, type Check } from "./check.ts";

/** Does the provider answer, know the key, and let it read what the service depends on? */
export function checkReach(found: Preflight, apiBase: string): Check {
  switch (found.outcome) {
    case "unreachable":
      return failed("provider", `STRIPE_API_BASE: ${apiBase} is not reached: ${found.reason}`);
    case "nonsense":
      return failed(
        "provider",
        `STRIPE_API_BASE: ${apiBase} does not answer as Stripe does: ${found.reason}`,
      );
    case "refused":
      return failed("provider", `STRIPE_API_KEY: ${apiBase} does not know it: ${found.reason}`);
    case "accepted": {
      if (found.denied.length === 0) return passed("provider", `${apiBase} knows the key`);
      const denied = found.denied.map(({ what, reason }) => `${what} (${permissionIn(reason)})`);
      return failed(
        "provider",
        `STRIPE_API_KEY: the key may not read ${denied.join(", ")}; grant it at https://dashboard.stripe.com/apikeys. ` +
          "Needed are PaymentIntents, Checkout Sessions, Charges and Refunds: write; Disputes, Balance, Events, Webhook Endpoints: read",
      );
    }
  }
}

/** Stripe names the permission that is missing, such as `rak_webhook_read`. */
const permissionIn = (reason: string): string =>
  /'((?:rak_)?\w+_(?:read|write))'/.exec(reason)?.[1] ?? reason;
