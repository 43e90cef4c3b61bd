import { createHash } from "node:crypto";
import { createTransport } from "nodemailer";
import type { Log } from "../log.ts";
import type { DkimKey } from "./dkim.ts";

/** One mail, ready to be sent. Sent again with the same values it is the same mail, byte for byte. */
export interface Mail {
  /** One address, or several that get the same mail. */
  to: string | readonly string[];
  subject: string;
  text: string;
  html: string;
  /**
   * With angle brackets; derived by the caller, so that a repeated mail is recognised as the same. `countersign` on the right
   * stands for the sender's domain, as filters want it to be one that exists (RFC 5322, 3.6.4).
   */
  messageId: string;
  inReplyTo?: string;
  references?: readonly string[];
  /** Further headers. */
  headers?: Readonly<Record<string, string>>;
  /** RFC 3339, for the Date header; the time of sending when absent. */
  date?: string;
  /** Where its bounces go (the envelope's sender); the address of the mailer's `from` when absent. */
  returnPath?: string;
}

/**
 * How it ended. `refused`: trying again is useless, and these recipients will never get it (with several recipients
 * the rest may have). `deferred`: try the very same mail again later.
 */
export type SendOutcome =
  | { outcome: "accepted"; response: string }
  | { outcome: "refused"; permanent: true; reason: string; rejected: string[] }
  | { outcome: "deferred"; reason: string };

export type SmtpCheck = { ok: true } | { ok: false; reason: string };

export interface Mailer {
  /** Never throws for trouble with mail or server: every outcome is a value. */
  send(mail: Mail): Promise<SendOutcome>;
  /** Connects and logs in, and sends nothing. */
  verify(): Promise<SmtpCheck>;
  close(): void;
}

export interface MailerOptions {
  /** `smtp://user:password@host:port` or `smtps://…`; nodemailer's options may follow as a query. */
  smtpUrl: string;
  /** `Countersign <approvals@example.com>` */
  from: string;
  log: Log;
  dkim?: DkimKey;
  /** Milliseconds: to connect, of silence, and for one mail altogether. */
  timeouts?: { connect?: number; socket?: number; total?: number };
}

interface SmtpTrouble {
  message: string;
  code: string | null;
  command: string | null;
  response: string | null;
  permanent: boolean;
  rejected: { address: string; reason: string; permanent: boolean }[];
}

// eslint-disable-next-line no-control-regex -- control characters are what must not get into a header
const CONTROL = /[\u0000-\u001f\u007f\u0085\u2028\u2029]/;
const ADDRESS = /^[^\s<>()[\],;:"\\@]+@[^\s<>()[\],;:"\\@]+$/;
const MESSAGE_ID = /^<[^\s<>@]+@[^\s<>@]+>$/;
/** Set by us or by nodemailer; a caller's header must not contradict them. */
const OWN_HEADERS =
  /^(from|to|cc|bcc|sender|subject|date|message-id|in-reply-to|references|mime-version|content-.*)$/i;

/** The domain of `Countersign <approvals@example.com>`. */
const domainOf = (from: string): string => /@([^\s<>@]+)>?\s*$/.exec(from)?.[1]?.toLowerCase() ?? "localhost";

/** What no SMTP server should see; null when the mail is fine. */
function malformed(mail: Mail, recipients: readonly string[]): string | null {
  if (recipients.length === 0) return "the mail has no recipient";
  const address = recipients.find((to) => CONTROL.test(to) || !ADDRESS.test(to));
  if (address !== undefined) return `the recipient ${JSON.stringify(address)} is not one plain address`;
  if (mail.returnPath !== undefined && !ADDRESS.test(mail.returnPath))
    return `the return path ${JSON.stringify(mail.returnPath)} is not one plain address`;
  if (CONTROL.test(mail.subject))
    return `the subject ${JSON.stringify(mail.subject)} holds a control character`;
  const ids = [mail.messageId, ...(mail.inReplyTo ? [mail.inReplyTo] : []), ...(mail.references ?? [])];
  const id = ids.find((value) => CONTROL.test(value) || !MESSAGE_ID.test(value));
  if (id !== undefined) return `the message id ${JSON.stringify(id)} is not of the form <left@right>`;
  const header = Object.entries(mail.headers ?? {}).find(
    ([name, value]) => !/^[A-Za-z0-9-]+$/.test(name) || OWN_HEADERS.test(name) || CONTROL.test(value),
  );
  return header ? `the header ${JSON.stringify(header[0])} is reserved or holds a control character` : null;
}

const field = (from: object, name: string): unknown =>
  name in from ? (from as Record<string, unknown>)[name] : undefined;
const textField = (from: object, name: string): string | null => {
  const value = field(from, name);
  return typeof value === "string" ? value : null;
};

/** nodemailer's error, read once and defensively. */
function trouble(error: unknown): SmtpTrouble {
  const from = typeof error === "object" && error !== null ? error : { message: String(error) };
  const each = field(from, "rejectedErrors");
  return {
    message: textField(from, "message") ?? "unknown trouble",
    code: textField(from, "code"),
    command: textField(from, "command"),
    response: textField(from, "response"),
    permanent: field(from, "permanent") === true,
    rejected: (Array.isArray(each) ? each : []).flatMap((one: unknown) => {
      const { message, response, permanent } = trouble(one);
      const address = typeof one === "object" && one !== null ? textField(one, "recipient") : null;
      return address ? [{ address, reason: response ?? message, permanent }] : [];
    }),
  };
}

/**
 * A 5xx speaks about this mail only after RCPT or DATA, and not where it wants a login or encryption (RFC 4954, 3207). A refused
 * greeting, login or sender is the operator's to mend, and the mails go out once it is.
 */
const aboutTheMail = ({ code, command, response }: SmtpTrouble): boolean =>
  (code === "EENVELOPE" || code === "EMESSAGE") &&
  (command === null || /^(RCPT|DATA)/.test(command)) &&
  !/^(530|534|535|538)\b/.test(response ?? "");

/** The server turns us away whatever the mail: said loudly, since none will go out until somebody mends it. */
const aboutUs = (what: SmtpTrouble): boolean => what.permanent && !aboutTheMail(what);

function failed(what: SmtpTrouble, recipients: readonly string[]): SendOutcome {
  const reason = oneSpace(what.message);
  if (!what.permanent || !aboutTheMail(what)) return { outcome: "deferred", reason };
  const rejected = what.rejected.filter((r) => r.permanent).map((r) => r.address);
  return {
    outcome: "refused",
    permanent: true,
    reason,
    rejected: rejected.length > 0 ? rejected : [...recipients],
  };
}

const oneSpace = (text: string): string => text.replace(/\s+/g, " ").trim();

/** A mailer to one SMTP server, over a few pooled connections. */
export function createMailer({ smtpUrl, from, log, dkim, timeouts = {} }: MailerOptions): Mailer {
  const { connect = 5_000, socket = 15_000, total = 60_000 } = timeouts;
  const transport = createTransport({
    pool: true,
    url: smtpUrl,
    maxConnections: 3,
    // The caller repeats a mail whose connection broke; a silent repeat from here could double it.
    maxRequeues: 0,
    connectionTimeout: connect,
    greetingTimeout: connect,
    dnsTimeout: connect,
    socketTimeout: socket,
    socketCloseTimeout: 500,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
    ...(dkim ? { dkim } : {}),
  });
  transport.on("error", (error: unknown) =>
    log.warn({ reason: trouble(error).message }, "SMTP connection failed"),
  );

  const domain = domainOf(from);
  const atDomain = (id: string): string => id.replace(/@countersign>$/, `@${domain}>`);

  async function deliver(mail: Mail, recipients: readonly string[]): Promise<SendOutcome> {
    try {
      const info = await transport.sendMail({
        from,
        to: recipients.map((address) => ({ name: "", address })),
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        messageId: atDomain(mail.messageId),
        ...(mail.inReplyTo ? { inReplyTo: atDomain(mail.inReplyTo) } : {}),
        ...(mail.references ? { references: mail.references.map(atDomain) } : {}),
        ...(mail.date ? { date: new Date(mail.date) } : {}),
        headers: {
          "Auto-Submitted": "auto-generated",
          "X-Auto-Response-Suppress": "All",
          ...mail.headers,
        },
        ...(mail.returnPath ? { envelope: { from: mail.returnPath, to: [...recipients] } } : {}),
        // A report of its failure needs no copy of the mail, which has the approver's link in it (RFC 3461, 4.3).
        dsn: { ret: "HDRS" },
        // The parts' boundary would be random otherwise, and a repeated mail another one.
        baseBoundary: createHash("sha256").update(mail.messageId).digest("hex").slice(0, 24),
        disableFileAccess: true,
        disableUrlAccess: true,
        // A server that trickles its replies is never silent: only the whole has an end.
        signal: AbortSignal.timeout(total),
      });
      if (info.rejected.length === 0) return { outcome: "accepted", response: info.response };
      const each = trouble(info).rejected;
      const lasting = each.filter((r) => r.permanent);
      const told = (list: typeof each) => list.map((r) => `${r.address}: ${oneSpace(r.reason)}`).join("; ");
      return lasting.length > 0 || each.length === 0
        ? {
            outcome: "refused",
            permanent: true,
            reason: told(lasting) || `rejected: ${info.rejected.map(String).join(", ")}`,
            rejected: lasting.length > 0 ? lasting.map((r) => r.address) : info.rejected.map(String),
          }
        : { outcome: "deferred", reason: told(each) };
    } catch (error) {
      const what = trouble(error);
      if (aboutUs(what)) sayOnce(what);
      return failed(what, recipients);
    }
  }

  let turnedAway = false;
  function sayOnce({ message }: SmtpTrouble): void {
    if (!turnedAway)
      log.error(
        { reason: oneSpace(message) },
        "the SMTP server turns us away: no mail goes out until SMTP_URL, MAIL_FROM or our rights there are mended",
      );
    turnedAway = true;
  }

  return {
    async send(mail) {
      const recipients = typeof mail.to === "string" ? [mail.to] : mail.to;
      const wrong = malformed(mail, recipients);
      const outcome: SendOutcome = wrong
        ? { outcome: "refused", permanent: true, reason: wrong, rejected: [...recipients] }
        : await deliver(mail, recipients);
      if (outcome.outcome === "accepted") turnedAway = false;
      const level = outcome.outcome === "accepted" ? "info" : "warn";
      log[level]({ to: recipients, message_id: mail.messageId, ...outcome }, `mail ${outcome.outcome}`);
      return outcome;
    },
    async verify() {
      try {
        await transport.verify();
        return { ok: true };
      } catch (error) {
        return { ok: false, reason: oneSpace(trouble(error).message) };
      }
    },
    close: () => transport.close(),
  };
}
