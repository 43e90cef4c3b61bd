import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config.ts";
import { isConnectionError } from "../db/pool.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { startService, type Service } from "../service.ts";

/**
 * Ends a service once, on the first of SIGTERM and SIGINT; a second signal does not wait. After SIGTERM it serves for
 * `noticeS` seconds more, in which whoever sends it requests can see that it is leaving.
 */
export function endOnSignal(service: Service, log: Log, noticeS: number): void {
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, "stopping");
    service.leave();
    const notice = signal === "SIGTERM" ? noticeS * 1_000 : 0;
    const stopped = sleep(notice).then(() => service.stop());
    stopped.then(
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

const ROLES = {
  all: "takes requests and runs workflows",
  api: "takes requests; workers run workflows",
  worker: "runs workflows; serves /healthz, /readyz and /metrics",
} as const;

const cutOff = (cause: unknown) =>
  new AppError(
    "database_unavailable",
    `The start was cut off (${cause instanceof Error ? cause.message : String(cause)}): the database, or another part, went away meanwhile; start again.`,
    { cause },
  );

/** Starts the service and says where each part is; the last line is `ready`. */
export async function serve(config: Config, log: Log, write: (text: string) => void): Promise<void> {
  const service = await startService({ config, log }).catch((error: unknown) => {
    throw isConnectionError(error) ? cutOff(error) : error;
  });
  endOnSignal(service, log, config.stopNoticeS);
  write(`${"Role".padEnd(9)} ${config.role}  (${ROLES[config.role]})\n`);
  for (const { label, href, what } of service.links) write(`${label.padEnd(9)} ${href}  (${what})\n`);
  write("ready\n");
}
