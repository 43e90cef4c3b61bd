import { readFile } from "node:fs/promises";
import { simpleParser } from "mailparser";
import { linksIn } from "../../src/mail/dev-mailbox.ts";

export interface KeptMail {
  to: string[];
  messageId: string;
  subject: string;
  links: string[];
  /** Everything as it was received, base64. */
  source: string;
}

/** Reads what the mail server keeps; each mail is parsed once. */
export function openMails(file: string): () => Promise<readonly KeptMail[]> {
  const mails: KeptMail[] = [];
  let read = 0;
  let reading: Promise<unknown> = Promise.resolve();

  async function readOn(): Promise<void> {
    const text = await readFile(file, "utf8").catch(() => "");
    // The last line may be half of one: its mail was never accepted.
    const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
    for (const line of lines.slice(read, -1)) {
      const kept = parsedLine(line);
      read++;
      if (!kept) continue;
      const mail = await simpleParser(Buffer.from(kept.source, "base64"));
      mails.push({
        ...kept,
        messageId: mail.messageId ?? "",
        subject: mail.subject ?? "",
        links: linksIn(mail.text ?? ""),
      });
    }
  }

  return async () => {
    reading = reading.then(readOn);
    await reading;
    return mails;
  };
}

/** A line that was cut by a kill runs into the next; its mail was sent again. */
function parsedLine(line: string): { to: string[]; source: string } | null {
  const start = line.lastIndexOf('{"to"');
  if (start < 0) return null;
  try {
    return JSON.parse(line.slice(start)) as { to: string[]; source: string };
  } catch {
    return null;
  }
}
