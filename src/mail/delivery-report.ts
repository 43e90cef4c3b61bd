import type { ParsedMail } from "mailparser";
import { oneLine } from "./markup.ts";
import { fromProse } from "./prose-report.ts";
import { shown, statusIn, type DeliveryReport } from "./report-fields.ts";

export type { DeliveryReport } from "./report-fields.ts";

/** A mail to a bounce address: a report, or why it is none. */
export type Returned =
  { report: DeliveryReport; ignored?: undefined } | { report?: undefined; ignored: string };

type Fields = Map<string, string>;

/**
 * Reads what came to a bounce address: a delivery-status notification (RFC 3464), or what Exim and qmail send instead.
 * Anything else, such as the automatic reply of somebody who is away, says nothing about the delivery.
 */
export async function readReturned(source: Buffer): Promise<Returned> {
  // Loaded with the first report: a start needs none of it.
  const { simpleParser } = await import("mailparser");
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
  const recipients = recipientsIn(status?.content.toString("utf8") ?? "");
  const report = recipients.length > 0 ? fromNotification(recipients) : fromProse(mail);
  return report ? { report } : { ignored: status ? aboutNobody(recipients) : otherwise(mail) };
}

/** Groups of fields between empty lines; the first is about the mail, each further one about a recipient. */
const recipientsIn = (text: string): Fields[] =>
  text
    .replace(/\r\n?/g, "\n")
    .split(/\n[ \t]*\n/)
    .map(fieldsOf)
    .filter((fields) => fields.has("action"));

/** One failure of several that a list was expanded to is enough: somebody who was meant to get it does not. */
function fromNotification(recipients: Fields[]): DeliveryReport | null {
  const withAction = (action: string) => recipients.find((fields) => actionOf(fields) === action);
  const failed = withAction("failed");
  const told = failed ?? withAction("delayed");
  return told ? reportOf(told, failed !== undefined) : null;
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

const aboutNobody = (recipients: Fields[]): string =>
  `a delivery-status notification of ${recipients.map(actionOf).join(", ").slice(0, 200) || "no recipient"}`;

function otherwise(mail: ParsedMail): string {
  const automatic = mail.headers.get("auto-submitted");
  const kind = typeof automatic === "string" && automatic !== "no" ? "an automatic reply" : "a mail";
  return `${kind} that reports no delivery: ${oneLine(mail.subject ?? "(no subject)", 120)}`;
}
