import { pino, type Logger } from "pino";

export type Log = Logger;

/** Fields that must never reach a log, wherever they appear. */
const SECRET = ["authorization", "cookie", "token", "secret", "password", "client_secret", "links"];

/** Structured JSON logs on stderr, so that stdout stays free for what the commands print. */
export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRET.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[redacted]" },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}
