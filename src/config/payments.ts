import { z } from "zod";
import { missingFor, type Given, type Remedies } from "./remedies.ts";
import { amountOf, port, secretList, url, type Values } from "./values.ts";

// Where payments are made, and whose webhooks are taken.

/** As the specification of Standard Webhooks has it. */
function isStandardSecret(secret: string): boolean {
  const [, base64 = ""] = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const { length } = Buffer.from(base64, "base64");
  return length >= 24 && length <= 64;
}

export const paymentSettings = {
  PAYMENT_PROVIDER: z.enum(["stripe", "standard"], "write stripe or standard").default("stripe"),
  STRIPE_API_KEY: z.string().min(1).default("sk_test_mock"),
  STRIPE_API_BASE: url(["http:", "https:"]).optional(),
  STRIPE_WEBHOOK_SECRETS: secretList(
    (secret) => secret.length > 0,
    "write one or more secrets, separated by commas",
  ).optional(),
  STRIPE_ACCOUNT: z
    .string()
    .regex(/^acct_\w+$/, "write the id of your own account, such as acct_1032D82eZvKYlo2C")
    .optional(),
  STANDARD_API_BASE: url(["http:", "https:"]).optional(),
  STANDARD_API_KEY: z.string().min(1).optional(),
  STANDARD_WEBHOOK_SECRETS: secretList(
    isStandardSecret,
    "write one or more secrets, separated by commas; each is whsec_ and 24 to 64 bytes in base64",
  ).optional(),
  PROVIDER_PORT: z.union([z.literal("off"), port("write a port from 0 to 65535, or off")]).default(4242),
  RECONCILE_EVERY_S: amountOf("seconds", 1, 3600).default(10),
};

export interface PaymentConfig {
  /** Webhooks are taken of each provider that has secrets, so that those of a former one still arrive. */
  stripe: { apiKey: string; apiBase: string | null; webhookSecrets: string[]; account: string | null };
  /** `api`: null unless PAYMENT_PROVIDER is `standard`; then payments are made there. */
  standard: { api: { key: string; base: string } | null; webhookSecrets: string[] };
  /** Port of the bundled mock provider; null when it is off or a real provider is configured. */
  providerPort: number | null;
  /** How often the provider is asked for what it could not deliver, in seconds. */
  reconcileEveryS: number;
}

export function paymentConfig(raw: Values<typeof paymentSettings>): PaymentConfig {
  const standard = raw.PAYMENT_PROVIDER === "standard";
  const mock = !standard && raw.STRIPE_API_BASE === undefined && raw.PROVIDER_PORT !== "off";
  return {
    stripe: {
      apiKey: raw.STRIPE_API_KEY,
      apiBase: raw.STRIPE_API_BASE ?? null,
      webhookSecrets: raw.STRIPE_WEBHOOK_SECRETS ?? (standard ? [] : ["whsec_dev"]),
      account: raw.STRIPE_ACCOUNT ?? null,
    },
    standard: {
      api: standard ? { key: raw.STANDARD_API_KEY ?? "", base: raw.STANDARD_API_BASE ?? "" } : null,
      webhookSecrets: raw.STANDARD_WEBHOOK_SECRETS ?? [],
    },
    providerPort: mock && raw.PROVIDER_PORT !== "off" ? raw.PROVIDER_PORT : null,
    reconcileEveryS: raw.RECONCILE_EVERY_S,
  };
}

/** What the other provider needs, everywhere: none is bundled. */
const STANDARD_NEEDS: Remedies = [
  ["STANDARD_API_BASE", "set the URL of its API"],
  ["STANDARD_API_KEY", "set your key to its API"],
  ["STANDARD_WEBHOOK_SECRETS", "set the whsec_… secret that signs its webhooks"],
];

const isStandard = (given: Given): boolean => given["PAYMENT_PROVIDER"] === "standard";

/** Without these, no payment can be made at all. */
export const paymentRefusals = (given: Given): string[] =>
  isStandard(given) ? missingFor(STANDARD_NEEDS, given, "PAYMENT_PROVIDER is standard") : [];

/** With nothing else to complain of: somebody has to make the payments. */
export const nobodyPays = (given: Given): string[] =>
  !isStandard(given) && given["STRIPE_API_BASE"] === undefined && given["PROVIDER_PORT"] === "off"
    ? [
        "STRIPE_API_BASE: set it (https://api.stripe.com), or let the bundled provider run: PROVIDER_PORT is off",
      ]
    : [];
