import type { ParsedMail } from "mailparser";
import { shown, statusIn, type DeliveryReport } from "./report-fields.ts";

/** What servers that write no delivery-status notification say in words, and Gmail in one that it leaves empty. */
export const fromProse = (mail: ParsedMail): DeliveryReport | null => fromExim(mail) ?? fromQmail(mail);

const EXIM =
  /^This message was created automatically by mail delivery software\.\s+A message that you sent could not be delivered/;

/** Exim's header, or the words of those who took them over without it. Of delays it writes otherwise. */
function fromExim({ headers, text = "" }: ParsedMail): DeliveryReport | null {
  if (!headers.has("x-failed-recipients") && !EXIM.test(text)) return null;
  return reportOf(answerIn(text));
}

/** After the greeting, a paragraph about each recipient (https://cr.yp.to/proto/qsbmf.txt). */
function fromQmail({ text = "" }: ParsedMail): DeliveryReport | null {
  if (!text.startsWith("Hi. This is the")) return null;
  const about = /\n[ \t]*\n<[^>\n]*>:[ \t]*\n+([^\n]+(?:\n[^\n]+)*)/.exec(text)?.[1];
  return about === undefined ? null : reportOf(answerIn(about) || about);
}

/** What the refusing server said begins with its code, on each of its lines. */
const answerIn = (text: string): string =>
  /(?:^|[\s:])([45]\d\d[ -][^\n]*(?:\n(?:[ \t]+|[45]\d\d[ -])[^\n]+)*)/.exec(text)?.[1] ?? "";

const reportOf = (said: string): DeliveryReport => ({
  permanent: true,
  status: statusIn(said) ?? "5.0.0",
  diagnostic: shown(said) || "it could not be delivered",
});
