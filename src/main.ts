import { serve } from "./cli/running.ts";
import { failureText } from "./cli/failure.ts";
import { loadConfig } from "./config.ts";
import { createLog } from "./log.ts";

/** Process entry: config, service, signals. */
try {
  const config = loadConfig();
  await serve(config, createLog(config.logLevel), (text) => process.stdout.write(text));
} catch (error) {
  console.error(failureText(error));
  process.exit(1);
}
