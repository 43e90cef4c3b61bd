import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import { maskedAddress } from "../domain/masked-address.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { readReturned, type DeliveryReport } from "./delivery-report.ts";
import type { ReturnPath } from "./return-path.ts";

/** A mail of ours that came back, or is late. */
export interface Bounce extends DeliveryReport {
  approval_id: string;
  number: number;
  /** To whom we had sent it, whatever address the report names: it may have been forwarded. */
  recipient: string;
}

export interface BounceListener {
  port: number;
  /** Stops listening once what is being received is handed over. */
  stop(): Promise<void>;
}

export interface BounceOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  returnPath: ReturnPath;
  /** Everybody who may have been mailed about an approval; nobody when there is no such approval. */
  recipientsOf: (approvalId: string) => Promise<readonly string[]>;
  /** Resolves once the bounce is stored. The reporting server gets its 250 only then, and tries again otherwise. */
  onBounce: (bounce: Bounce) => Promise<void>;
  /** Whom mails with this return path went to, when it was an operator. */
  operatorOf?: (address: string) => string | null;
  /** Nothing waits for such a mail: it is logged, and told here to be counted. */
  onOperatorBounce?: (bounce: Pick<DeliveryReport, "permanent">) => void;
  log: Log;
}

/** Of which mail a return path is. */
type Returning = Pick<Bounce, "approval_id" | "number" | "recipient"> | { operator: string };

/** Our mails are small, and so are those that bring them back. */
const MAX_BYTES = 1024 * 1024;
const RECIPIENTS_A_MINUTE = 600;

const refusal = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

/** An SMTP server that takes mail for bounce addresses of ours alone, and hands over what it reports. */
export async function startBounceListener(options: BounceOptions): Promise<BounceListener> {
  const { host, port, returnPath, recipientsOf, onBounce, log } = options;
  const recipients = new RateLimiterMemory({ points: RECIPIENTS_A_MINUTE, duration: 60 });
  const inHand = new Set<Promise<unknown>>();

  async function mailOf(address: string): Promise<Returning | null> {
    const operator = options.operatorOf?.(address) ?? null;
    if (operator !== null) return { operator };
    const returned = returnPath.read(address);
    if (!returned) return null;
    const { approval_id, number, isOf } = returned;
    const recipient = (await recipientsOf(approval_id)).find(isOf);
    return recipient === undefined ? null : { approval_id, number, recipient };
  }

  async function checkRecipient(address: string, session: SMTPServerSession): Promise<void> {
    // A report is about one mail. Servers send the rest of several by themselves (RFC 5321, 4.5.3.1.10).
    if (session.envelope.rcptTo.length > 0) throw refusal(452, "4.5.3 One recipient at a time");
    await recipients.consume(session.remoteAddress).catch(() => {
      throw refusal(450, "4.7.1 Too many recipients, come again in a minute");
    });
    const mail = await mailOf(address).catch((error: unknown) => {
      log.error({ err: error }, "a bounce cannot be looked up");
      throw refusal(451, "4.3.0 Not now, come again");
    });
    if (mail === null) throw refusal(550, "5.1.1 No such bounce address");
  }

  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    const source = await buffer(stream);
    if (stream.sizeExceeded) throw refusal(552, `5.3.4 Larger than ${MAX_BYTES} bytes`);
    const mail = await mailOf(session.envelope.rcptTo[0]?.address ?? "");
    if (mail === null) throw refusal(550, "5.1.1 No such bounce address");
    const { report, ignored } = await readReturned(source).catch(() => ({
      report: undefined,
      ignored: "a mail that cannot be read",
    }));
    if (report === undefined) {
      log.info("operator" in mail ? {} : mail, `a bounce address got ${ignored}`);
      return "2.0.0 OK, it reports nothing";
    }
    if ("operator" in mail) {
      tellOfOperator(mail.operator, report);
      return "2.0.0 OK";
    }
    await onBounce({ ...mail, ...report });
    log.warn({ ...mail, ...report }, report.permanent ? "mail came back" : "mail is late");
    return "2.0.0 OK";
  }

  /** The report's own words may have the address in them. */
  function tellOfOperator(operator: string, { permanent, status }: DeliveryReport): void {
    options.onOperatorBounce?.({ permanent });
    log.warn(
      { operator: maskedAddress(operator), status },
      permanent
        ? "mail to an operator came back: correct the address in OPERATORS, OPERATOR_EMAIL or CHECKPOINT_EMAIL, or have its mailbox repaired"
        : "mail to an operator is late: the server that it is for does not take it yet",
    );
  }

  const server = new SMTPServer({
    name: "bounces",
    banner: "Countersign takes bounces alone",
    // No certificate and nobody to log in: it stands behind the operator's own mail server.
    disabledCommands: ["AUTH", "STARTTLS"],
    authOptional: true,
    disableReverseLookup: true,
    size: MAX_BYTES,
    maxClients: 20,
    socketTimeout: 60_000,
    closeTimeout: 5_000,
    onRcptTo: (address, session, done) => settle(checkRecipient(address.address, session), done),
    onData: (stream, session, done) => {
      const received = receive(stream, session);
      inHand.add(received);
      settle(
        received.finally(() => inHand.delete(received)),
        done,
      );
    },
  });
  // A client that goes away in the middle is its own affair.
  server.on("error", () => undefined);

  function settle<T>(work: Promise<T>, done: (error: Error | null, value?: T) => void): void {
    work.then(
      (value) => done(null, value),
      (error: unknown) => {
        const isAnswer = error instanceof Error && "responseCode" in error;
        if (!isAnswer) log.error({ err: error }, "a bounce could not be stored");
        done(isAnswer ? error : refusal(451, "4.3.0 Not now, come again"));
      },
    );
  }

  const listener = server.listen(port, host);
  try {
    await once(listener, "listening");
  } catch (error) {
    throw new AppError("conflict", `BOUNCE_PORT: port ${port} cannot be used on ${host}; set another`, {
      cause: error,
    });
  }
  return {
    port: (listener.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.allSettled(inHand);
      await closed;
    },
  };
}
