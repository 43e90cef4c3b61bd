import { z } from "zod";
import type { Values } from "./values.ts";

// Who may use the API, and what signs approvers' links.

const ROLES = ["viewer", "support", "finance", "admin"] as const;
export type Role = (typeof ROLES)[number];

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

const linkSecrets = z.string().transform((text, ctx) =>
  text.split(",").map((entry) => {
    const [version = "", secret = ""] = entry.trim().split(":", 2);
    if (!/^[a-z0-9]{1,8}$/.test(version) || secret.length < 16)
      ctx.addIssue(
        "write version:secret, separated by commas; a version is 1 to 8 letters or digits, a secret at least 16 characters",
      );
    return { version, secret };
  }),
);

export const accessSettings = {
  API_KEYS: apiKeys.optional(),
  LINK_SECRETS: linkSecrets.optional(),
};

export interface AccessConfig {
  apiKeys: ApiKeyConfig[];
  /** Null: generated into the data directory. */
  linkSecrets: { version: string; secret: string }[] | null;
}

const DEVELOPMENT_KEY: ApiKeyConfig = {
  tenant: "dev",
  role: "admin",
  key: "ck_dev",
  user: "dev@example.com",
};

export const accessConfig = (raw: Values<typeof accessSettings>): AccessConfig => ({
  apiKeys: raw.API_KEYS ?? [DEVELOPMENT_KEY],
  linkSecrets: raw.LINK_SECRETS ?? null,
});
