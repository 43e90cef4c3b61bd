import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { serversOf } from "./db/servers.ts";
import { PACKAGE } from "./package.ts";

const ROLES = ["viewer", "support", "finance", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** What a process does: take requests, run workflows, or both. */
const PROCESS_ROLES = ["all", "api", "worker"] as const;
export type ProcessRole = (typeof PROCESS_ROLES)[number];

export interface ApiKeyConfig {
  tenant: string;
  role: Role;
  key: string;
  user: string;
}

const port = (remedy: string) => z.coerce.number(remedy).int(remedy).min(0, remedy).max(65535, remedy);

const url = (protocols: string[]) =>
  z.string().refine(
    (text) => {
      const parsed = URL.parse(text);
      return parsed !== null && protocols.includes(parsed.protocol);
    },
    `write a URL that begins with ${protocols.map((p) => `${p}//`).join(" or ")}`,
  );

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

const secretList = (valid: (secret: string) => boolean, remedy: string) =>
  z
    .string()
    .transform((text) => text.split(",").map((secret) => secret.trim()))
    .refine((secrets) => secrets.every(valid), remedy);

/** Hosts as a URL has them: in lower case, IPv6 without brackets. */
const hostList = z.string().transform((text, ctx) =>
  text.split(",").map((entry) => {
    const host = entry.trim();
    const read = URL.parse(`https://${host.includes(":") ? `[${host}]` : host}/`)?.hostname;
    if (!read || /[/@?#[\]]/.test(host))
      ctx.addIssue("write host names or addresses, separated by commas, such as hooks.internal,10.0.0.7");
    return read?.replace(/^\[|\]$/g, "") ?? host;
  }),
);

/** May name several servers, as libpq writes them. */
const databaseUrl = z.string().superRefine((text, ctx) => {
  try {
    serversOf(text);
  } catch (error) {
    ctx.addIssue((error instanceof Error ? error.message : String(error)).replace(/^DATABASE_URL: /, ""));
  }
});

/** As the specification of Standard Webhooks has it. */
function isStandardSecret(secret: string): boolean {
  const [, base64 = ""] = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const { length } = Buffer.from(base64, "base64");
  return length >= 24 && length <= 64;
}

const schema = z.object({
  NODE_ENV: z.string().optional(),
  PORT: port("write a port from 0 to 65535").default(3000),
  HOST: z.string().min(1).default("127.0.0.1"),
  PUBLIC_URL: url(["http:", "https:"]).optional(),
  ROLE: z.enum(PROCESS_ROLES, "write api, worker or all").default("all"),
  STOP_NOTICE_S: z.coerce
    .number("write seconds, from 0 to 300")
    .min(0, "write seconds, from 0 to 300")
    .max(300, "write seconds, from 0 to 300")
    .default(1),
  DATABASE_URL: databaseUrl.optional(),
  DATA_DIR: z.string().min(1).default(".data"),
  API_KEYS: apiKeys.optional(),
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
  SMTP_URL: url(["smtp:", "smtps:"]).optional(),
  MAIL_FROM: z.string().min(3).default("Countersign <approvals@localhost>"),
  DKIM_DOMAIN: z
    .string()
    .regex(/^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+$/i, "write the domain of MAIL_FROM, such as example.com")
    .optional(),
  DKIM_SELECTOR: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, "write letters and digits, such as countersign1")
    .optional(),
  DKIM_PRIVATE_KEY_FILE: z.string().min(1).optional(),
  // The bounce of a mail adds 48 characters before the @, of the 64 that there may be.
  BOUNCE_ADDRESS: z
    .string()
    .regex(
      /^[a-z0-9._-]{1,16}@[a-z0-9-]+(\.[a-z0-9-]+)*$/i,
      "write one address without + and at most 16 characters before its @, such as bounces@example.com",
    )
    .optional(),
  BOUNCE_PORT: port("write a port from 0 to 65535").optional(),
  ARCHIVE_AFTER_DAYS: z.coerce
    .number("write days, from 1 to 36500")
    .int("write whole days, from 1 to 36500")
    .min(1, "write days, from 1 to 36500")
    .max(36_500, "write days, from 1 to 36500")
    .optional(),
  ARCHIVE_URL: url(["file:", "s3:"]).optional(),
  ARCHIVE_S3_ENDPOINT: url(["https:", "http:"]).optional(),
  ARCHIVE_S3_REGION: z.string().min(1).default("us-east-1"),
  ARCHIVE_S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  ARCHIVE_S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  CHECKPOINT_EVERY_S: z
    .union(
      [z.literal("off"), z.coerce.number().int().min(1).max(86_400)],
      "write seconds, from 1 to 86400, or off",
    )
    .default(3600),
  CHECKPOINT_KEY_FILE: z.string().min(1).optional(),
  CHECKPOINT_DIR: z.string().min(1).optional(),
  CHECKPOINT_EMAIL: z.email("write one address, such as auditor@example.com").optional(),
  OPERATOR_EMAIL: z.email("write one address, such as operations@example.com").optional(),
  RECONCILE_EVERY_S: z.coerce
    .number("write seconds, from 1 to 3600")
    .min(1, "write seconds, from 1 to 3600")
    .max(3600, "write seconds, from 1 to 3600")
    .default(10),
  WEBHOOK_ALLOW_HOSTS: hostList.default([]),
  POLICY_FILE: z.string().min(1).optional(),
  LINK_SECRETS: linkSecrets.optional(),
  LOG_LEVEL: z
    .enum(
      ["trace", "debug", "info", "warn", "error", "silent"],
      "write trace, debug, info, warn, error or silent",
    )
    .default("info"),
  /** Development only: the process kills itself at that point, for tests of recovery. */
  FAULT_POINT: z
    .string()
    .regex(
      /^[a-z_]+(#\d+)?:(before|after)$/,
      "write an effect and before or after, such as capture:after or publish#2:before",
    )
    .optional(),
});

/** Where old orders' trails go. */
export interface ArchiveConfig {
  /** How long after its last change an order is archived; null: never. What is archived can still be read. */
  afterDays: number | null;
  /** A directory, for files. */
  location: string;
  /** A bucket instead. */
  s3: {
    endpoint: string;
    region: string;
    accessKeyId: string;
    secretAccessKey: string;
    prefix: string;
  } | null;
}

export interface Config {
  production: boolean;
  role: ProcessRole;
  /** How long it goes on serving after SIGTERM while `/readyz` says that it is leaving, in seconds. */
  stopNoticeS: number;
  port: number;
  host: string;
  /** Null until the port is known, when PORT is 0 and PUBLIC_URL unset. */
  publicUrl: string | null;
  databaseUrl: string | null;
  dataDir: string;
  apiKeys: ApiKeyConfig[];
  /** Webhooks are taken of each provider that has secrets, so that those of a former one still arrive. */
  stripe: { apiKey: string; apiBase: string | null; webhookSecrets: string[]; account: string | null };
  /** `api`: null unless PAYMENT_PROVIDER is `standard`; then payments are made there. */
  standard: { api: { key: string; base: string } | null; webhookSecrets: string[] };
  /** Port of the bundled mock provider; null when it is off or a real provider is configured. */
  providerPort: number | null;
  smtpUrl: string | null;
  mailFrom: string;
  /** How mails are signed; null: not by us. */
  dkim: { domain: string; selector: string; keyFile: string } | null;
  /** Where mails come back to. `port` is where the operator's mail server hands them to us; null: nowhere. */
  bounces: { address: string; port: number | null } | null;
  archive: ArchiveConfig;
  /**
   * Signed statements over the audit trails; null: none are made. `keyFile` null: a key is made in the data directory, which in
   * production is refused, since there the key has to be kept where the database is not.
   */
  checkpoints: { everyS: number; keyFile: string | null; dir: string; email: string | null } | null;
  /** Who is told what needs a person; null: only log and metrics say it. */
  operator: string | null;
  /** How often the provider is asked for what it could not deliver, in seconds. */
  reconcileEveryS: number;
  /** Webhooks may go to these hosts though their addresses are private or they speak no https. */
  webhookAllowHosts: string[];
  policyFile: string;
  /** Null: generated into the data directory. */
  linkSecrets: { version: string; secret: string }[] | null;
  logLevel: string;
  faultPoint: string | null;
}

/** A configuration that cannot be used: one line for each bad name, each with its remedy. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

type Remedies = [name: keyof z.output<typeof schema>, remedy: string][];

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

/** What the other provider needs, everywhere: none is bundled. */
const STANDARD_NEEDS: Remedies = [
  ["STANDARD_API_BASE", "set the URL of its API"],
  ["STANDARD_API_KEY", "set your key to its API"],
  ["STANDARD_WEBHOOK_SECRETS", "set the whsec_… secret that signs its webhooks"],
];

/**
 * Reads the configuration from the environment (and `.env`, which never overrides it). Nothing else reads the environment.
 * @param said what the command line says instead of the environment
 * @throws ConfigError
 */
export function loadConfig(
  env: NodeJS.ProcessEnv = process.env,
  cwd = process.cwd(),
  said: NodeJS.ProcessEnv = {},
): Config {
  if (env === process.env && existsSync(resolve(cwd, ".env"))) process.loadEnvFile(resolve(cwd, ".env"));
  // An empty value means the same as none.
  const given = Object.fromEntries(Object.entries({ ...env, ...said }).filter(([, value]) => value !== ""));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new ConfigError(lines.join("\n"));
  }
  const raw = parsed.data;
  const production = raw.NODE_ENV === "production";
  const standard = raw.PAYMENT_PROVIDER === "standard";
  const refused = [
    ...(standard ? missingFor(STANDARD_NEEDS, given, "PAYMENT_PROVIDER is standard") : []),
    ...(production ? unsafe(given, standard) : []),
    ...incomplete(given),
  ];
  if (refused.length > 0) throw new ConfigError(refused.join("\n"));
  const mock = !standard && raw.STRIPE_API_BASE === undefined && raw.PROVIDER_PORT !== "off";
  if (!standard && raw.STRIPE_API_BASE === undefined && raw.PROVIDER_PORT === "off")
    throw new ConfigError(
      "STRIPE_API_BASE: set it (https://api.stripe.com), or let the bundled provider run: PROVIDER_PORT is off",
    );
  return {
    production,
    role: raw.ROLE,
    stopNoticeS: raw.STOP_NOTICE_S,
    port: raw.PORT,
    host: raw.HOST,
    publicUrl: raw.PUBLIC_URL?.replace(/\/+$/, "") ?? null,
    databaseUrl: raw.DATABASE_URL ?? null,
    dataDir: resolve(cwd, raw.DATA_DIR),
    apiKeys: raw.API_KEYS ?? [{ tenant: "dev", role: "admin", key: "ck_dev", user: "dev@example.com" }],
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
    smtpUrl: raw.SMTP_URL ?? null,
    mailFrom: raw.MAIL_FROM,
    dkim:
      raw.DKIM_DOMAIN && raw.DKIM_SELECTOR && raw.DKIM_PRIVATE_KEY_FILE
        ? {
            domain: raw.DKIM_DOMAIN,
            selector: raw.DKIM_SELECTOR,
            keyFile: resolve(cwd, raw.DKIM_PRIVATE_KEY_FILE),
          }
        : null,
    bounces: raw.BOUNCE_ADDRESS ? { address: raw.BOUNCE_ADDRESS, port: raw.BOUNCE_PORT ?? null } : null,
    archive: {
      afterDays: raw.ARCHIVE_AFTER_DAYS ?? null,
      location: raw.ARCHIVE_URL?.startsWith("file:")
        ? fileURLToPath(raw.ARCHIVE_URL)
        : resolve(cwd, raw.DATA_DIR, "archive"),
      s3: raw.ARCHIVE_URL?.startsWith("s3:") ? bucketOf(raw.ARCHIVE_URL, raw) : null,
    },
    checkpoints:
      raw.CHECKPOINT_EVERY_S === "off" || (production && raw.CHECKPOINT_KEY_FILE === undefined)
        ? null
        : {
            everyS: raw.CHECKPOINT_EVERY_S,
            keyFile: raw.CHECKPOINT_KEY_FILE ? resolve(cwd, raw.CHECKPOINT_KEY_FILE) : null,
            dir: resolve(cwd, raw.CHECKPOINT_DIR ?? join(raw.DATA_DIR, "checkpoints")),
            email: raw.CHECKPOINT_EMAIL ?? null,
          },
    operator: raw.OPERATOR_EMAIL ?? (raw.SMTP_URL === undefined ? "operator@example.com" : null),
    reconcileEveryS: raw.RECONCILE_EVERY_S,
    webhookAllowHosts: raw.WEBHOOK_ALLOW_HOSTS,
    policyFile: raw.POLICY_FILE
      ? resolve(cwd, raw.POLICY_FILE)
      : resolve(PACKAGE, "fixtures/policies/default.yaml"),
    linkSecrets: raw.LINK_SECRETS ?? null,
    logLevel: raw.LOG_LEVEL,
    faultPoint: raw.FAULT_POINT ?? null,
  };
}

/** `s3://BUCKET/PREFIX`, at AWS or at another endpoint. */
function bucketOf(
  text: string,
  raw: Pick<
    z.output<typeof schema>,
    "ARCHIVE_S3_ENDPOINT" | "ARCHIVE_S3_REGION" | "ARCHIVE_S3_ACCESS_KEY_ID" | "ARCHIVE_S3_SECRET_ACCESS_KEY"
  >,
): ArchiveConfig["s3"] {
  const { hostname: bucket, pathname } = new URL(text);
  const region = raw.ARCHIVE_S3_REGION;
  const endpoint = raw.ARCHIVE_S3_ENDPOINT ?? `https://s3.${region}.amazonaws.com`;
  return {
    endpoint: `${endpoint.replace(/\/+$/, "")}/${bucket}`,
    region,
    accessKeyId: raw.ARCHIVE_S3_ACCESS_KEY_ID ?? "",
    secretAccessKey: raw.ARCHIVE_S3_SECRET_ACCESS_KEY ?? "",
    prefix: pathname.replace(/^\/+|\/+$/g, ""),
  };
}

/** Settings that make sense only together. */
function incomplete(given: Record<string, string | undefined>): string[] {
  const dkim: Remedies = [
    ["DKIM_DOMAIN", "set the domain of MAIL_FROM"],
    ["DKIM_SELECTOR", "set the selector under which the public key is in the DNS"],
    ["DKIM_PRIVATE_KEY_FILE", "set the file of the private key in PEM"],
  ];
  const s3: Remedies = [
    ["ARCHIVE_S3_ACCESS_KEY_ID", "set the id of a key that may read and write the bucket"],
    ["ARCHIVE_S3_SECRET_ACCESS_KEY", "set its secret"],
  ];
  const apart: Remedies = [
    ["DATABASE_URL", "set the URL of the PostgreSQL that all processes share"],
    ...(given["ROLE"] === "worker"
      ? ([["PUBLIC_URL", "set the URL at which the API is reached"]] satisfies Remedies)
      : []),
  ];
  const isApart = given["ROLE"] === "api" || given["ROLE"] === "worker";
  const isSigned = dkim.some(([name]) => given[name] !== undefined);
  return [
    ...(isApart ? missingFor(apart, given, `ROLE is ${given["ROLE"]}`) : []),
    ...(given["ARCHIVE_URL"]?.startsWith("s3:") ? missingFor(s3, given, "ARCHIVE_URL is a bucket") : []),
    ...(isSigned ? missingFor(dkim, given, "is not set, but other DKIM settings are") : []),
    ...(given["BOUNCE_PORT"] === undefined
      ? []
      : missingFor(
          [["BOUNCE_ADDRESS", "set the address that mails come back to"]],
          given,
          "BOUNCE_PORT is set",
        )),
  ];
}

const missingFor = (names: Remedies, given: Record<string, string | undefined>, why: string): string[] =>
  names.filter(([name]) => given[name] === undefined).map(([name, remedy]) => `${name}: ${why}; ${remedy}`);

/** What must not go to production, one line each. */
function unsafe(given: Record<string, string | undefined>, standard: boolean): string[] {
  const needed = [...UNSAFE_IN_PRODUCTION, ...(standard ? [] : STRIPE_IN_PRODUCTION)];
  const lines = missingFor(needed, given, "has no safe default in production");
  // Without a key no checkpoints are made; whoever asks for them is told so.
  if ((given["CHECKPOINT_DIR"] ?? given["CHECKPOINT_EMAIL"]) !== undefined)
    lines.push(
      ...missingFor(
        [["CHECKPOINT_KEY_FILE", "set the file of an Ed25519 private key in PEM"]],
        given,
        "checkpoints are asked for, and production makes no key of its own",
      ),
    );
  if (given["FAULT_POINT"])
    lines.push("FAULT_POINT: kills the process and is refused in production; unset it");
  if (given["API_KEYS"]?.split(",").some((entry) => entry.endsWith(":ck_dev")))
    lines.push("API_KEYS: ck_dev is the public development key; generate your own");
  if (standard && given["STANDARD_API_BASE"]?.startsWith("http:"))
    lines.push("STANDARD_API_BASE: your key would cross the network in the clear; write https://");
  return lines;
}
