import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const entry = z.object({
  id: z.string().regex(/^mail_\d+$/),
  /** The envelope's recipients: who really gets it, separated by `, `. */
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  /** Every http(s) address of the text part, in order. */
  links: z.array(z.string()),
  /** With angle brackets; empty when the mail had none. */
  message_id: z.string(),
  /** When it arrived, RFC 3339. */
  at: z.string(),
  /** How often this very mail arrived; more than one when a sender repeated it. */
  copies: z.int().min(1),
});

export type MailboxEntry = z.output<typeof entry>;
export type ArrivedMail = Omit<MailboxEntry, "id" | "copies">;

export interface MailboxStore {
  /** Oldest first. */
  readonly mails: readonly MailboxEntry[];
  /** Keeps it; returns once it is on disk. A mail with the Message-ID and recipients of a kept one is one more copy of it. */
  add(mail: ArrivedMail): Promise<MailboxEntry>;
}

const numberOf = (id: string): number => Number(id.slice("mail_".length));

/** The last `limit` mails, each a JSON file in `folder` (none on disk without a folder). */
export async function openMailboxStore(folder: string | null, limit: number): Promise<MailboxStore> {
  const mails = folder ? (await loadAll(folder)).slice(-limit) : [];
  let last = mails.reduce((most, mail) => Math.max(most, numberOf(mail.id)), 0);
  let tail: Promise<unknown> = Promise.resolve();

  async function keep(mail: ArrivedMail): Promise<MailboxEntry> {
    const known = mails.findIndex(
      (m) => m.message_id !== "" && m.message_id === mail.message_id && m.to === mail.to,
    );
    const first = mails[known];
    const kept: MailboxEntry = first
      ? { ...first, copies: first.copies + 1 }
      : { ...mail, id: `mail_${String(++last).padStart(6, "0")}`, copies: 1 };
    if (folder) await store(folder, kept);
    if (first) mails[known] = kept;
    else mails.push(kept);
    for (const old of mails.splice(0, Math.max(0, mails.length - limit)))
      if (folder) await rm(join(folder, `${old.id}.json`), { force: true });
    return kept;
  }

  return {
    mails,
    // One after the other, so that two copies arriving together are seen as such.
    add: (mail) => {
      const done = tail.then(() => keep(mail));
      tail = done.catch(() => undefined);
      return done;
    },
  };
}

async function store(folder: string, mail: MailboxEntry): Promise<void> {
  const path = join(folder, `${mail.id}.json`);
  await writeFile(`${path}.tmp`, JSON.stringify(mail, null, 1));
  await rename(`${path}.tmp`, path);
}

/** A file that is not a mail of ours is left alone and not shown. */
async function loadAll(folder: string): Promise<MailboxEntry[]> {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(folder)).filter((name) => /^mail_\d+\.json$/.test(name));
  const found = await Promise.all(names.map((name) => load(join(folder, name))));
  return found.filter((mail) => mail !== null).sort((a, b) => numberOf(a.id) - numberOf(b.id));
}

async function load(path: string): Promise<MailboxEntry | null> {
  try {
    return entry.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return null;
  }
}
