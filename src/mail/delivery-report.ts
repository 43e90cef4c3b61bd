import { simpleParser, type ParsedMail } from "mailparser";
import { oneLine } from "./markup.ts";

/** What a server reports of a mail that it had taken. */
export interface DeliveryReport {
  /** False: it is late, and the server keeps trying. */
  permanent: boolean;
  /** RFC 3463, such as `5.1.1`. */
  status: string;
  /** What the refusing server said, on one line. */
  diagnostic: string;
}

/** A mail to a bounce address: a report, or why it is none. */
export type Returned =
  { report: DeliveryReport; ignored?: undefined } | { report?: undefined; ignored: string };

type Fields = Map<string, string>;

/**
 * Reads what came to a bounce address: a delivery-status notification (RFC 3464), or what Exim and qmail send instead.
 * Anything else, such as the automatic reply of somebody who is away, says nothing about the delivery.
 */
export async function readReturned(source: Buffer): Promise<Returned> {
  const mail = await simpleParser(source, {
    keepDeliveryStatus: true,
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipTextLinks: true,
    skipImageLinks: true,
  });
  // `global` is the same with addresses in UTF-8 (RFC 6533).
  const status = mail.attachments.find((part) =>
    /^message\/(global-)?delivery-status$/i.test(part.contentType),
  );
  if (status) return fromNotification(status.content.toString("utf8"));
  return fromExim(mail) ?? fromQmail(mail) ?? { ignored: otherwise(mail) };
}

/** Groups of fields between empty lines; the first is about the mail, each further one about a recipient. */
function fromNotification(text: string): Returned {
  const groups = text
    .replace(/\r\n?/g, "\n")
    .split(/\n[ \t]*\n/)
    .map(fieldsOf)
    .filter((fields) => fields.has("action"));
  const withAction = (action: string) => groups.find((fields) => actionOf(fields) === action);
  // One of several that a list was expanded to is enough: somebody who was meant to get it does not.
  const failed = withAction("failed");
  const told = failed ?? withAction("delayed");
  if (told) return { report: reportOf(told, failed !== undefined) };
  const actions = groups.map(actionOf).join(", ");
  return { ignored: `a delivery-status notification of ${actions || "no recipient"}` };
}

const actionOf = (fields: Fields): string =>
  (fields.get("action") ?? "").toLowerCase().replace(/[^a-z].*$/, "");

function reportOf(fields: Fields, permanent: boolean): DeliveryReport {
  // `smtp; 550 5.1.1 …`: the type says where the text comes from.
  const said = (fields.get("diagnostic-code") ?? "").replace(/^[\w-]+;\s*/, "");
  const fallback = permanent ? "5.0.0" : "4.0.0";
  const status = statusIn(fields.get("status") ?? "") ?? statusIn(said) ?? fallback;
  const late = permanent ? "it could not be delivered" : "it could not be delivered so far";
  return { permanent, status, diagnostic: shown(said) || `${late} (${status})` };
}

/** Some charsets decode to halves of surrogate pairs, which cannot be stored. */
const shown = (said: string): string => oneLine(said.toWellFormed(), 400);

const statusIn = (text: string): string | null => /\b[245]\.\d{1,3}\.\d{1,3}\b/.exec(text)?.[0] ?? null;

/** Header-like lines, folded ones joined. */
const fieldsOf = (group: string): Fields =>
  new Map(
    group
      .replace(/\n[ \t]+/g, " ")
      .split("\n")
      .flatMap((line): [string, string][] => {
        const [, name, value] = /^([\w-]+)[ \t]*:(.*)$/.exec(line) ?? [];
        return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value.trim()]];
      }),
  );

/** Exim's header, also where its bounces are plain text. It writes of delays without it. */
function fromExim(mail: ParsedMail): Returned | null {
  if (!mail.headers.has("x-failed-recipients")) return null;
  return fromText(mail.text ?? "");
}

/** https://cr.yp.to/proto/qsbmf.txt */
function fromQmail({ text = "" }: ParsedMail): Returned | null {
  if (!/^Hi\. This is the\b/.test(text)) return null;
  return fromText(text);
}

/** What the refusing server said is the line with its code, where there is one. */
function fromText(text: string): Returned {
  const said = /(?:^|[\s:])([45]\d\d[ -][^\n]*(?:\n[ \t]+[^\n]+)*)/.exec(text)?.[1] ?? "";
  const diagnostic = shown(said) || "it could not be delivered";
  return { report: { permanent: true, status: statusIn(said) ?? "5.0.0", diagnostic } };
}

function otherwise(mail: ParsedMail): string {
  const automatic = mail.headers.get("auto-submitted");
  const kind = typeof automatic === "string" && automatic !== "no" ? "an automatic reply" : "a mail";
  return `${kind} that reports no delivery: ${oneLine(mail.subject ?? "(no subject)", 120)}`;
}
