import { resolve } from "node:path";
import { z } from "zod";
import { missingFor, together, type Given, type Remedies } from "./remedies.ts";
import { port, url, type Values } from "./values.ts";

// How mails are sent, signed and come back.

export const mailSettings = {
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
  OPERATOR_EMAIL: z.email("write one address, such as operations@example.com").optional(),
};

export interface MailConfig {
  smtpUrl: string | null;
  mailFrom: string;
  /** How mails are signed; null: not by us. */
  dkim: { domain: string; selector: string; keyFile: string } | null;
  /** Where mails come back to. `port` is where the operator's mail server hands them to us; null: nowhere. */
  bounces: { address: string; port: number | null } | null;
  /** Who is told what needs a person; null: only log and metrics say it. */
  operator: string | null;
}

export function mailConfig(raw: Values<typeof mailSettings>, cwd: string): MailConfig {
  const { DKIM_DOMAIN: domain, DKIM_SELECTOR: selector, DKIM_PRIVATE_KEY_FILE: keyFile } = raw;
  return {
    smtpUrl: raw.SMTP_URL ?? null,
    mailFrom: raw.MAIL_FROM,
    dkim: domain && selector && keyFile ? { domain, selector, keyFile: resolve(cwd, keyFile) } : null,
    bounces: raw.BOUNCE_ADDRESS ? { address: raw.BOUNCE_ADDRESS, port: raw.BOUNCE_PORT ?? null } : null,
    operator: raw.OPERATOR_EMAIL ?? (raw.SMTP_URL === undefined ? "operator@example.com" : null),
  };
}

const DKIM: Remedies = [
  ["DKIM_DOMAIN", "set the domain of MAIL_FROM"],
  ["DKIM_SELECTOR", "set the selector under which the public key is in the DNS"],
  ["DKIM_PRIVATE_KEY_FILE", "set the file of the private key in PEM"],
];

const BOUNCES: Remedies = [["BOUNCE_ADDRESS", "set the address that mails come back to"]];

/** Settings that make sense only together. */
export const mailRefusals = (given: Given): string[] => [
  ...together(DKIM, given, "is not set, but other DKIM settings are"),
  ...(given["BOUNCE_PORT"] === undefined ? [] : missingFor(BOUNCES, given, "BOUNCE_PORT is set")),
];
