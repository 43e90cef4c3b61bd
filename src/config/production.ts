import { missingFor, type Given, type Remedies } from "./remedies.ts";

/** Defaults that are convenient on a developer's machine and unsafe anywhere else. */
const UNSAFE_IN_PRODUCTION: Remedies = [
  ["API_KEYS", "set tenant:role:key, separated by commas"],
  ["DATABASE_URL", "set the URL of a PostgreSQL that is backed up"],
  ["LINK_SECRETS", "set version:secret with at least 16 random characters"],
  ["PUBLIC_URL", "set the https URL that approvers reach"],
  ["SMTP_URL", "set your SMTP server, such as smtps://user:password@mail.example.com"],
];

const STRIPE_IN_PRODUCTION: Remedies = [
  ["STRIPE_API_BASE", "set https://api.stripe.com"],
  ["STRIPE_API_KEY", "set your restricted live key"],
  ["STRIPE_WEBHOOK_SECRETS", "set the signing secret of your webhook endpoint"],
];

const CHECKPOINT_KEY: Remedies = [["CHECKPOINT_KEY_FILE", "set the file of an Ed25519 private key in PEM"]];

/** What must not go to production, one line each. */
export function productionRefusals(given: Given): string[] {
  const standard = given["PAYMENT_PROVIDER"] === "standard";
  const needed = [...UNSAFE_IN_PRODUCTION, ...(standard ? [] : STRIPE_IN_PRODUCTION)];
  const lines = missingFor(needed, given, "has no safe default in production");
  // Without a key no checkpoints are made; whoever asks for them is told so.
  if ((given["CHECKPOINT_DIR"] ?? given["CHECKPOINT_EMAIL"]) !== undefined)
    lines.push(
      ...missingFor(
        CHECKPOINT_KEY,
        given,
        "checkpoints are asked for, and production makes no key of its own",
      ),
    );
  if (given["FAULT_POINT"])
    lines.push("FAULT_POINT: kills the process and is refused in production; unset it");
  if (given["API_KEYS"]?.split(",").some((entry) => entry.endsWith(":ck_dev")))
    lines.push("API_KEYS: ck_dev is the public development key; generate your own");
  if (given["OIDC_ISSUER"]?.startsWith("http:"))
    lines.push("OIDC_ISSUER: whoever is on the network could sign in as anybody; write https://");
  if (standard && given["STANDARD_API_BASE"]?.startsWith("http:"))
    lines.push("STANDARD_API_BASE: your key would cross the network in the clear; write https://");
  return lines;
}
