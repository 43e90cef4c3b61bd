import { createHash, createPublicKey, createVerify } from "node:crypto";

/** A verdict about one signature: `pass`, or why not. */
export type Verdict = "pass" | "no signature" | "body changed" | "headers changed" | "unknown method";

/** As a receiver verifies the only signature of a mail (RFC 6376, 6.1), with the text of the TXT record that it found. */
export function verifyDkim(source: string, txt: string): Verdict {
  const end = source.indexOf("\r\n\r\n");
  const fields = source.slice(0, end + 2).match(/[^\r\n][^\r]*\r\n(?:[ \t][^\r]*\r\n)*/g) ?? [];
  const found = fields.find((field) => /^dkim-signature:/i.test(field));
  if (found === undefined) return "no signature";
  const tags = tagsOf(found.slice(found.indexOf(":") + 1));
  if (tags.get("a") !== "rsa-sha256" || tags.get("c") !== "relaxed/relaxed") return "unknown method";
  const body = createHash("sha256")
    .update(relaxedBody(source.slice(end + 4)))
    .digest("base64");
  if (body !== tags.get("bh")) return "body changed";
  // Of several with one name the last comes first, and one that is named once too often proves that there is no more.
  const left = [...fields].reverse();
  const signed = (tags.get("h") ?? "").split(":").flatMap((name) => {
    const at = left.findIndex((field) => field.toLowerCase().startsWith(`${name.trim().toLowerCase()}:`));
    return at < 0 ? [] : left.splice(at, 1);
  });
  const unsigned = relaxedField(found.replace(/(\bb=)[^;]*/, "$1")).replace(/\r\n$/, "");
  const key = createPublicKey({
    key: Buffer.from(tagsOf(txt).get("p") ?? "", "base64"),
    format: "der",
    type: "spki",
  });
  const verifier = createVerify("rsa-sha256").update(signed.map(relaxedField).join("") + unsigned);
  return verifier.verify(key, tags.get("b") ?? "", "base64") ? "pass" : "headers changed";
}

/** The headers that a signature covers, in lower case. */
export const signedHeaders = (source: string): string[] =>
  (tagsOf(/^dkim-signature:((?:.|\r\n[ \t])*)/im.exec(source)?.[1] ?? "").get("h") ?? "")
    .toLowerCase()
    .split(":");

/** `v=1; a=rsa-sha256`, without white space in the values. */
const tagsOf = (text: string): Map<string, string> =>
  new Map(
    text.split(";").flatMap((tag): [string, string][] => {
      const at = tag.indexOf("=");
      return at < 0 ? [] : [[tag.slice(0, at).trim(), tag.slice(at + 1).replace(/\s+/g, "")]];
    }),
  );

/** RFC 6376, 3.4.2 */
function relaxedField(field: string): string {
  const at = field.indexOf(":");
  const value = field
    .slice(at + 1)
    .replace(/\r\n/g, "")
    .replace(/[ \t]+/g, " ")
    .trim();
  return `${field.slice(0, at).trim().toLowerCase()}:${value}\r\n`;
}

/** RFC 6376, 3.4.4 */
const relaxedBody = (body: string): string => {
  const lines = body
    .replace(/[ \t]+\r\n/g, "\r\n")
    .replace(/[ \t]+/g, " ")
    .replace(/(\r\n)+$/, "");
  return lines === "" ? "" : `${lines}\r\n`;
};
