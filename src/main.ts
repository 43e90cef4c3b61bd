import { ConfigError, loadConfig } from "./config.ts";
import { AppError } from "./errors.ts";
import { createLog } from "./log.ts";
import { startService } from "./service.ts";

/** Process entry: config, service, signals. */
async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  const service = await startService({ config, log });
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "stopping");
    service.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "a part did not stop");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  for (const { label, href, what } of service.links) console.log(`${label.padEnd(9)} ${href}  (${what})`);
  console.log("ready");
}

main().catch((error: unknown) => {
  // What an operator can mend is said in a line; anything else with all that is known.
  if (error instanceof ConfigError || error instanceof AppError) console.error(error.message);
  else console.error(error);
  process.exit(1);
});
