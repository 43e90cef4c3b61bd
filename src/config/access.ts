import { z } from "zod";
import { ROLES, type Role } from "../domain/role.ts";
import { missingFor, type Given, type Remedies } from "./remedies.ts";
import { amountOf, url, type Values } from "./values.ts";

// Who may use the API and the console, and what signs approvers' links.

export type { Role } from "../domain/role.ts";

export interface ApiKeyConfig {
  tenant: string;
  role: Role;
  key: string;
  user: string;
}

const apiKeys = z.string().transform((text, ctx): ApiKeyConfig[] =>
  text.split(",").map((entry) => {
    const [tenant = "", role = "", key = "", user] = entry.trim().split(":", 4);
    const known = ROLES.find((name) => name === role);
    if (!tenant || !known || key.length < 3) {
      ctx.addIssue(
        `write tenant:role:key, or tenant:role:key:user, separated by commas, with role one of ${ROLES.join(", ")}`,
      );
      return { tenant, role: "viewer", key, user: "" };
    }
    return {
      tenant,
      role: known,
      key,
      user: user ?? (key === "ck_dev" ? "dev@example.com" : `${known}@${tenant}`),
    };
  }),
);

/** Who may sign in to the console by mail or single sign-on. */
export interface OperatorConfig {
  tenant: string;
  role: Role;
  address: string;
}

const operators = z.string().transform((text, ctx): OperatorConfig[] =>
  text.split(",").map((entry) => {
    const [tenant = "", role = "", address = ""] = entry.trim().split(":", 3);
    const known = ROLES.find((name) => name === role);
    if (!tenant || !known || !z.email().safeParse(address).success)
      ctx.addIssue(`write tenant:role:address, separated by commas, with role one of ${ROLES.join(", ")}`);
    return { tenant, role: known ?? "viewer", address };
  }),
);

const VERSIONS =
  "write version:secret, separated by commas; a version is 1 to 8 letters or digits, a secret at least 16 characters";

const versionsOf = (text: string, ctx: { addIssue(issue: string): void }): SealKey[] =>
  text.split(",").map((entry) => {
    const [version = "", secret = ""] = entry.trim().split(":", 2);
    if (!/^[a-z0-9]{1,8}$/.test(version) || secret.length < 16) ctx.addIssue(VERSIONS);
    return { version, secret };
  });

const linkSecrets = z.string().transform((text, ctx) => versionsOf(text, ctx));

const OFF = /^off(,|$)/;

/** `off` in front: what is written from now on is not encrypted, and what is can still be read. */
const payloadKeys = z.string().transform((text, ctx): PayloadKeys => {
  const given = text.replace(OFF, "");
  const keys = given === "" ? [] : versionsOf(given, ctx);
  if (new Set(keys.map(({ version }) => version)).size < keys.length) ctx.addIssue("write each version once");
  return { closes: !OFF.test(text), keys };
});

export const accessSettings = {
  API_KEYS: apiKeys.optional(),
  LINK_SECRETS: linkSecrets.optional(),
  PAYLOAD_KEYS: payloadKeys.default({ closes: false, keys: [] }),
  OPERATORS: operators.optional(),
  OIDC_ISSUER: url(["https:", "http:"]).optional(),
  OIDC_CLIENT_ID: z.string().min(1).optional(),
  OIDC_CLIENT_SECRET: z.string().min(1).optional(),
  RATE_LIMIT_PER_MINUTE: z
    .union(
      [z.literal("off"), z.coerce.number().int().min(1).max(10_000_000)],
      "write requests a minute, from 1 to 10000000, or off",
    )
    .default(60_000),
  SESSION_IDLE_H: amountOf("hours", 0.01, 720).default(12),
  SESSION_MAX_H: amountOf("hours", 0.01, 8760).default(168),
};

/** A secret, and the version under which what it closes can be opened. */
interface SealKey {
  version: string;
  secret: string;
}

/** What the engine's payloads are encrypted with. */
export interface PayloadKeys {
  /** The first key closes what is written; else nothing is encrypted any more. */
  closes: boolean;
  /** All that open. */
  keys: SealKey[];
}

export interface AccessConfig {
  apiKeys: ApiKeyConfig[];
  /** Null: generated into the data directory. */
  linkSecrets: SealKey[] | null;
  payloadKeys: PayloadKeys;
  operators: OperatorConfig[];
  /** Whom operators may sign in with; null: nobody else. */
  oidc: { issuer: string; clientId: string; clientSecret: string } | null;
  /** Requests of one key to one process; null: without limit. */
  requestsPerMinute: number | null;
  /** When who is signed in to the console has to sign in again, in seconds: after no request, and altogether. */
  sessions: { idleS: number; maxS: number };
}

const DEVELOPMENT_KEY: ApiKeyConfig = {
  tenant: "dev",
  role: "admin",
  key: "ck_dev",
  user: "dev@example.com",
};

function oidcOf(raw: Values<typeof accessSettings>): AccessConfig["oidc"] {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = raw;
  return issuer && clientId && clientSecret ? { issuer, clientId, clientSecret } : null;
}

const OIDC: Remedies = [
  ["OIDC_ISSUER", "set the provider's issuer, such as https://login.example.com"],
  ["OIDC_CLIENT_ID", "set the id under which the provider knows this service"],
  ["OIDC_CLIENT_SECRET", "set the secret that goes with it"],
  ["OPERATORS", "set tenant:role:address of those who may sign in, separated by commas"],
];

/** Settings that make sense only together. */
export const accessRefusals = (given: Given): string[] =>
  OIDC.slice(0, 3).some(([name]) => given[name] !== undefined)
    ? missingFor(OIDC, given, "is not set, but other settings of single sign-on are")
    : [];

/** The same person as the development key's. */
const DEVELOPMENT_OPERATOR: OperatorConfig = { tenant: "dev", role: "admin", address: "dev@example.com" };

export const accessConfig = (raw: Values<typeof accessSettings>): AccessConfig => ({
  apiKeys: raw.API_KEYS ?? [DEVELOPMENT_KEY],
  linkSecrets: raw.LINK_SECRETS ?? null,
  payloadKeys: raw.PAYLOAD_KEYS,
  operators: raw.OPERATORS ?? (raw.API_KEYS ? [] : [DEVELOPMENT_OPERATOR]),
  oidc: oidcOf(raw),
  requestsPerMinute: raw.RATE_LIMIT_PER_MINUTE === "off" ? null : raw.RATE_LIMIT_PER_MINUTE,
  sessions: { idleS: raw.SESSION_IDLE_H * 3_600, maxS: raw.SESSION_MAX_H * 3_600 },
});
