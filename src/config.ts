import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { accessConfig, accessRefusals, accessSettings, type AccessConfig } from "./config/access.ts";
import { archiveConfig, archiveRefusals, archiveSettings, type ArchiveConfig } from "./config/archive.ts";
import { checkpointConfig, checkpointSettings, type CheckpointConfig } from "./config/checkpoints.ts";
import { mailConfig, mailRefusals, mailSettings, type MailConfig } from "./config/mail.ts";
import {
  nobodyPays,
  paymentConfig,
  paymentRefusals,
  paymentSettings,
  type PaymentConfig,
} from "./config/payments.ts";
import { apartRefusals, processConfig, processSettings, type ProcessConfig } from "./config/process.ts";
import { productionRefusals } from "./config/production.ts";
import { traceConfig, traceSettings, type TraceConfig } from "./config/traces.ts";

export type { ApiKeyConfig, OperatorConfig, Role } from "./config/access.ts";
export type { ArchiveConfig } from "./config/archive.ts";
export type { ProcessRole } from "./config/process.ts";

/** Each file of `config` reads the settings of one concern. */
const schema = z.object({
  ...processSettings,
  ...accessSettings,
  ...paymentSettings,
  ...mailSettings,
  ...archiveSettings,
  ...checkpointSettings,
  ...traceSettings,
});

export interface Config
  extends ProcessConfig, AccessConfig, PaymentConfig, MailConfig, CheckpointConfig, TraceConfig {
  archive: ArchiveConfig;
}

/** A configuration that cannot be used: one line for each bad name, each with its remedy. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

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
  if (!parsed.success)
    throw new ConfigError(
      parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("\n"),
    );
  const raw = parsed.data;
  const running = processConfig(raw, cwd);
  const { production, dataDir } = running;
  const refused = [
    ...paymentRefusals(given),
    ...(production ? productionRefusals(given) : []),
    ...apartRefusals(given),
    ...archiveRefusals(given),
    ...mailRefusals(given),
    ...accessRefusals(given),
  ];
  const wrong = refused.length > 0 ? refused : nobodyPays(given);
  if (wrong.length > 0) throw new ConfigError(wrong.join("\n"));
  return {
    ...running,
    ...accessConfig(raw),
    ...paymentConfig(raw),
    ...mailConfig(raw, cwd),
    ...archiveConfig(raw, dataDir),
    ...checkpointConfig(raw, { production, dataDir, cwd }),
    ...traceConfig(raw),
  };
}
