import { once } from "node:events";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from "smtp-server";
import { openMailboxStore, type ArrivedMail, type MailboxEntry } from "./mailbox-store.ts";

export type { MailboxEntry } from "./mailbox-store.ts";

export interface DevMailbox {
  /** `smtp://127.0.0.1:PORT` */
  smtpUrl: string;
  /** Newest first; `to` is an address, in any case. `limit` defaults to all that are kept. */
  list(filter?: { to?: string; limit?: number }): MailboxEntry[];
  get(id: string): MailboxEntry | null;
  /** Stops listening once what is being received is kept. */
  stop(): Promise<void>;
}

export interface DevMailboxOptions {
  /** Mails are kept in its folder `mailbox` and survive a restart; in memory only when absent. */
  dataDir?: string;
  /** 0, the default, takes a free one. */
  port?: number;
  /** How many mails are kept; 500 by default. */
  limit?: number;
}

const MAX_BYTES = 2 * 1024 * 1024;

/** Every http(s) address in it, in order, without the punctuation that ends a sentence. */
export const linksIn = (text: string): string[] =>
  (text.match(/https?:\/\/[^\s<>"]+/gi) ?? []).map((link) => link.replace(/[.,;:!?'*)\]}]+$/, ""));

/** An SMTP server on the loopback interface that keeps what it receives, for development and tests. It relays nothing. */
export async function startDevMailbox({
  dataDir,
  port = 0,
  limit = 500,
}: DevMailboxOptions = {}): Promise<DevMailbox> {
  const store = await openMailboxStore(dataDir ? join(dataDir, "mailbox") : null, limit);

  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    const source = await buffer(stream);
    if (stream.sizeExceeded)
      throw Object.assign(new Error(`Mail is larger than ${MAX_BYTES} bytes`), { responseCode: 552 });
    const kept = await store.add(await parsed(source, session));
    return `OK, kept as ${kept.id}`;
  }

  const server = new SMTPServer({
    name: "localhost",
    banner: "Countersign development mailbox",
    // Its own certificate would be nobody's; a client must not be led to try.
    disabledCommands: ["AUTH", "STARTTLS"],
    authOptional: true,
    disableReverseLookup: true,
    size: MAX_BYTES,
    socketTimeout: 60_000,
    closeTimeout: 1_000,
    onData: (stream, session, done) => {
      receive(stream, session).then(
        (message) => done(null, message),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      );
    },
  });
  // A client that goes away in the middle is its own affair.
  server.on("error", () => undefined);

  const listener = server.listen(port, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  const bound = typeof address === "object" && address ? address.port : port;

  return {
    smtpUrl: `smtp://127.0.0.1:${bound}`,
    list: ({ to, limit: most } = {}) => {
      const wanted = to?.trim().toLowerCase();
      const found = store.mails.filter(
        (mail) => !wanted || mail.to.toLowerCase().split(", ").includes(wanted),
      );
      return found.reverse().slice(0, most);
    },
    get: (id) => store.mails.find((mail) => mail.id === id) ?? null,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function parsed(source: Buffer, session: SMTPServerSession): Promise<ArrivedMail> {
  // Loaded with the first mail: a tenth of what a start loads.
  const { simpleParser } = await import("mailparser");
  const mail = await simpleParser(source, {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipTextLinks: true,
  });
  const text = mail.text ?? "";
  return {
    to: session.envelope.rcptTo.map((recipient) => recipient.address).join(", "),
    subject: mail.subject ?? "",
    text,
    html: mail.html || "",
    links: linksIn(text),
    message_id: mail.messageId ?? "",
    at: new Date().toISOString(),
  };
}
