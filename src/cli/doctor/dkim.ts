import type { Config } from "../../config.ts";
import { dkimRecord, readDkimKey } from "../../mail/dkim.ts";
import { failed, messageOf, passed, type Check } from "./check.ts";
import type { Dns } from "./dns.ts";

const no = (text: string) => failed("dkim", text);

/** Can mails be signed, and do receivers find the key? */
export async function checkDkim({ dkim, mailFrom }: Config, dns: Dns): Promise<Check[]> {
  if (dkim === null) return [];
  const key = await readDkimKey(dkim).catch((error: unknown) => no(messageOf(error)));
  if ("ok" in key) return [key];
  const sender = /@([^@>\s]+)>?\s*$/.exec(mailFrom)?.[1] ?? "";
  if (!isAligned(sender, dkim.domain))
    return [
      no(
        `DKIM_DOMAIN: ${dkim.domain} signs, but MAIL_FROM is of ${sender || "no domain"}: receivers count only a signature of the ` +
          `sender's domain (RFC 7489, 3.1.1); set both to the same domain`,
      ),
    ];
  return [await checkRecord(dkimRecord(key), dns)];
}

/** The sender's domain, or one above or below it. */
const isAligned = (sender: string, signer: string): boolean => {
  const [a, b] = [`.${sender.toLowerCase()}`, `.${signer.toLowerCase()}`];
  return a.endsWith(b) || b.endsWith(a);
};

async function checkRecord({ name, txt }: { name: string; txt: string }, dns: Dns): Promise<Check> {
  const found = await dns.txt(name);
  const publish = `publish this record:\n${zoneLine(name, txt)}`;
  if (found.unknown !== undefined)
    return passed(
      "dkim",
      `the key signs; whether the DNS has it is not known (${found.unknown}): ${publish}`,
    );
  const keys = found.records.map(keyIn).filter((key) => key !== null);
  if (keys.some((key) => key === keyIn(txt))) return passed("dkim", `${name} has the key that signs`);
  if (keys.includes("")) return no(`${name} says that the key is revoked; ${publish}`);
  return no(
    keys.length > 0
      ? `${name} has another key than DKIM_PRIVATE_KEY_FILE; take another selector, or ${publish}`
      : `the DNS has no ${name}; ${publish}`,
  );
}

/** Empty: revoked; null: there is none. */
const keyIn = (txt: string): string | null =>
  /(?:^|;)\s*p\s*=([^;]*)/.exec(txt)?.[1]?.replace(/\s+/g, "") ?? null;

/** As a zone file has it: pieces of at most 255 characters (RFC 1035, 3.3.14). */
const zoneLine = (name: string, txt: string): string =>
  `${name}. IN TXT ( ${(txt.match(/.{1,255}/g) ?? []).map((piece) => `"${piece}"`).join(" ")} )`;
