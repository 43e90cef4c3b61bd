import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import { checkBounces } from "./doctor/bounces.ts";
import { passed, type Check } from "./doctor/check.ts";
import { checkDatabase } from "./doctor/database.ts";
import { checkDkim } from "./doctor/dkim.ts";
import { createDns, type Dns } from "./doctor/dns.ts";
import { checkMail } from "./doctor/mail.ts";
import { checkProvider } from "./doctor/provider.ts";

/**
 * The preflight before going live: what is configured is reached and works. It only reads. The configuration itself was
 * checked on loading.
 */
export async function examine(config: Config, log: Log, dns: Dns = createDns()): Promise<Check[]> {
  return [
    passed("configuration", config.production ? "production" : "development"),
    await checkDatabase(config),
    await checkMail(config, log),
    ...(await checkDkim(config, dns)),
    ...(await checkBounces(config, dns)),
    ...(await checkProvider(config)),
  ];
}
