import { resolve } from "node:path";
import { z } from "zod";
import { serversOf } from "../db/servers.ts";
import { PACKAGE } from "../package.ts";
import { missingFor, type Given, type Remedies } from "./remedies.ts";
import { amountOf, port, url, type Values } from "./values.ts";

// What a process does, where it listens, and where its things are.

/** What a process does: take requests, run workflows, or both. */
export const PROCESS_ROLES = ["all", "api", "worker"] as const;
export type ProcessRole = (typeof PROCESS_ROLES)[number];

/** May name several servers, as libpq writes them. */
const databaseUrl = z.string().superRefine((text, ctx) => {
  try {
    serversOf(text);
  } catch (error) {
    ctx.addIssue((error instanceof Error ? error.message : String(error)).replace(/^DATABASE_URL: /, ""));
  }
});

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

export const processSettings = {
  NODE_ENV: z.string().optional(),
  PORT: port("write a port from 0 to 65535").default(3000),
  HOST: z.string().min(1).default("127.0.0.1"),
  PUBLIC_URL: url(["http:", "https:"]).optional(),
  ROLE: z.enum(PROCESS_ROLES, "write api, worker or all").default("all"),
  STOP_NOTICE_S: amountOf("seconds", 0, 300).default(1),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_NOTIFY: z.enum(["on", "off"], "write on or off").default("on"),
  SLEEP_AFTER_S: amountOf("seconds", 0, 86_400).default(60),
  ENGINE_PUBLISH: z.enum(["direct", "plain"], "write direct or plain").default("direct"),
  DATABASE_WAIT_S: amountOf("seconds", 0, 3_600).default(60),
  DATA_DIR: z.string().min(1).default(".data"),
  POLICY_FILE: z.string().min(1).optional(),
  WEBHOOK_ALLOW_HOSTS: hostList.default([]),
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
};

export interface ProcessConfig {
  production: boolean;
  role: ProcessRole;
  /** How long it goes on serving after SIGTERM while `/readyz` says that it is leaving, in seconds. */
  stopNoticeS: number;
  port: number;
  host: string;
  /** Null until the port is known, when PORT is 0 and PUBLIC_URL unset. */
  publicUrl: string | null;
  databaseUrl: string | null;
  /** Whether processes tell each other by LISTEN and NOTIFY; they look often where they do not. */
  databaseNotify: boolean;
  /** For how long an order or approval that waits is kept in memory, in seconds; 0: for as long as it waits. */
  sleepAfterS: number;
  /** Whether transitions write the engine's checkpoints themselves, or leave them to the engine's own steps. */
  enginePublish: "direct" | "plain";
  /** How long a start waits for a database that takes no connections yet, in seconds. */
  databaseWaitS: number;
  dataDir: string;
  policyFile: string;
  /** Webhooks may go to these hosts though their addresses are private or they speak no https. */
  webhookAllowHosts: string[];
  logLevel: string;
  faultPoint: string | null;
}

export const processConfig = (raw: Values<typeof processSettings>, cwd: string): ProcessConfig => ({
  production: raw.NODE_ENV === "production",
  role: raw.ROLE,
  stopNoticeS: raw.STOP_NOTICE_S,
  port: raw.PORT,
  host: raw.HOST,
  publicUrl: raw.PUBLIC_URL?.replace(/\/+$/, "") ?? null,
  databaseUrl: raw.DATABASE_URL ?? null,
  databaseNotify: raw.DATABASE_NOTIFY === "on",
  sleepAfterS: raw.SLEEP_AFTER_S,
  enginePublish: raw.ENGINE_PUBLISH,
  databaseWaitS: raw.DATABASE_WAIT_S,
  dataDir: resolve(cwd, raw.DATA_DIR),
  policyFile: raw.POLICY_FILE
    ? resolve(cwd, raw.POLICY_FILE)
    : resolve(PACKAGE, "fixtures/policies/default.yaml"),
  webhookAllowHosts: raw.WEBHOOK_ALLOW_HOSTS,
  logLevel: raw.LOG_LEVEL,
  faultPoint: raw.FAULT_POINT ?? null,
});

/** What processes that do different things need to find each other. */
export function apartRefusals(given: Given): string[] {
  const role = given["ROLE"];
  if (role !== "api" && role !== "worker") return [];
  const needed: Remedies = [["DATABASE_URL", "set the URL of the PostgreSQL that all processes share"]];
  if (role === "worker") needed.push(["PUBLIC_URL", "set the URL at which the API is reached"]);
  return missingFor(needed, given, `ROLE is ${role}`);
}
