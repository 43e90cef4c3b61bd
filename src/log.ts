import { AsyncLocalStorage } from "node:async_hooks";
import { pino, type DestinationStream, type Logger } from "pino";

export type Log = Logger;

/** What the lines written by some work are about, where the line itself does not say it. */
export interface LogFields {
  request_id?: string;
  order_id?: string;
  approval_id?: string;
  event_id?: string;
  /** Of W3C Trace Context, so that a line and its trace are found by each other. */
  trace_id?: string;
}

const about = new AsyncLocalStorage<LogFields>();

/** Every line that `work` writes tells these, beside those of the work around it. */
export const logAbout = <T>(fields: LogFields, work: () => T): T =>
  about.run({ ...about.getStore(), ...fields }, work);

/** From here on, for what the work finds out on its way. */
export const alsoAbout = (fields: LogFields): void => void Object.assign(about.getStore() ?? {}, fields);

/** Fields that must never reach a log, wherever they appear. */
const SECRET = [
  "authorization",
  "cookie",
  "token",
  "secret",
  "password",
  "client_secret",
  "links",
  "headers",
  "parameters",
  "detail",
  "query",
];

/** Structured JSON logs on stderr, so that stdout stays free for what the commands print. */
export function createLog(
  level: string,
  destination: DestinationStream = pino.destination({ dest: 2, sync: false }),
): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRET.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[redacted]" },
      mixin: () => ({ ...about.getStore() }),
    },
    destination,
  );
}
