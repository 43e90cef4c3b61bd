import type { Config } from "../config.ts";
import type { Log } from "../log.ts";
import { startService, type Service } from "../service.ts";

/** Ends a service once, on the first of SIGTERM and SIGINT; a second signal does not wait. */
export function endOnSignal(service: Service, log: Log): void {
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) process.exit(1);
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
}

/** Starts the service and says where each part is; the last line is `ready`. */
export async function serve(config: Config, log: Log, write: (text: string) => void): Promise<void> {
  const service = await startService({ config, log });
  endOnSignal(service, log);
  for (const { label, href, what } of service.links) write(`${label.padEnd(9)} ${href}  (${what})\n`);
  write("ready\n");
}
