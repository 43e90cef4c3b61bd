import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export interface Received {
  /** The envelope. */
  from: string;
  to: string[];
  /** As it was on the wire. */
  source: string;
}

/** An SMTP server that takes mail and delivers it to nobody. */
export interface Sink {
  port: number;
  url: string;
  received: Received[];
  /** What it answers to some recipients, by address; everybody else is accepted. */
  answers: Map<string, string>;
  stop(): Promise<void>;
}

/** An answer such as `550 5.1.1 No such user`, as smtp-server takes it. */
export const answer = (line: string) =>
  Object.assign(new Error(line.slice(4)), { responseCode: Number(line.slice(0, 3)) });

/** On a free port, unless one is given. */
export async function startSink(hooks: SMTPServerOptions = {}, port = 0): Promise<Sink> {
  const received: Received[] = [];
  const answers = new Map<string, string>();
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    authOptional: true,
    closeTimeout: 100,
    onRcptTo: ({ address }, _session, done) => {
      const line = answers.get(address);
      done(line === undefined ? null : answer(line));
    },
    onData: (stream, { envelope }, done) => {
      void buffer(stream).then((source) => {
        const { mailFrom, rcptTo } = envelope;
        received.push({
          to: rcptTo.map(({ address }) => address),
          from: mailFrom ? mailFrom.address : "",
          source: source.toString("utf8"),
        });
        done(null, "OK, taken");
      });
    },
    ...hooks,
  });
  server.on("error", () => undefined);
  const listener = server.listen(port, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  const bound = (listener.address() as AddressInfo).port;
  return {
    port: bound,
    url: `smtp://127.0.0.1:${bound}`,
    received,
    answers,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
