import { readFileSync, readdirSync } from "node:fs";
import { link, mkdir, rename, rm, writeFile } from "node:fs/promises";
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

/**
 * The last `limit` mails, each a JSON file in `folder` (none on disk without a folder). Several processes may share a folder:
 * each sees what the others keep.
 */
export async function openMailboxStore(folder: string | null, limit: number): Promise<MailboxStore> {
  if (folder) await mkdir(folder, { recursive: true });
  const mails: MailboxEntry[] = [];
  let tail: Promise<unknown> = Promise.resolve();
  const lastNumber = () => mails.reduce((most, mail) => Math.max(most, numberOf(mail.id)), 0);

  /** Takes in what other processes have kept meanwhile. */
  function refresh(): void {
    if (!folder) return;
    const known = new Set(mails.map(({ id }) => `${id}.json`));
    const found = mailFiles(folder).filter((name) => !known.has(name));
    if (found.length === 0) return;
    mails.push(...found.map((name) => load(join(folder, name))).filter((mail) => mail !== null));
    mails.sort((a, b) => numberOf(a.id) - numberOf(b.id));
    mails.splice(0, Math.max(0, mails.length - limit));
  }

  /** Whoever looks while a mail is being written may have taken it in from its file already. */
  function put(mail: MailboxEntry): void {
    const at = mails.findIndex(({ id }) => id === mail.id);
    if (at < 0) mails.push(mail);
    else mails[at] = mail;
  }

  async function keep(mail: ArrivedMail): Promise<MailboxEntry> {
    refresh();
    const first = mails.find(
      (m) => m.message_id !== "" && m.message_id === mail.message_id && m.to === mail.to,
    );
    if (first) {
      const again = { ...first, copies: first.copies + 1 };
      if (folder) await store(folder, again);
      put(again);
      return again;
    }
    const kept = await add(mail);
    for (const old of mails.splice(0, Math.max(0, mails.length - limit)))
      if (folder) await rm(join(folder, `${old.id}.json`), { force: true });
    return kept;
  }

  /** Under the next number that nobody has taken. */
  async function add(mail: ArrivedMail): Promise<MailboxEntry> {
    for (let number = lastNumber() + 1; ; number++) {
      const kept = { ...mail, id: `mail_${String(number).padStart(6, "0")}`, copies: 1 };
      if (folder && !(await create(folder, kept))) continue;
      put(kept);
      return kept;
    }
  }

  refresh();
  return {
    get mails() {
      refresh();
      return mails;
    },
    // One after the other, so that two copies arriving together are seen as such.
    add: (mail) => {
      const done = tail.then(() => keep(mail));
      tail = done.catch(() => undefined);
      return done;
    },
  };
}

async function store(folder: string, mail: MailboxEntry): Promise<void> {
  const unfinished = await write(folder, mail);
  await rename(unfinished, join(folder, `${mail.id}.json`));
}

/** False when another process has kept a mail under this id. */
async function create(folder: string, mail: MailboxEntry): Promise<boolean> {
  const unfinished = await write(folder, mail);
  try {
    await link(unfinished, join(folder, `${mail.id}.json`));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function write(folder: string, mail: MailboxEntry): Promise<string> {
  const unfinished = join(folder, `${mail.id}.${process.pid}.tmp`);
  await writeFile(unfinished, JSON.stringify(mail, null, 1));
  return unfinished;
}

const mailFiles = (folder: string): string[] =>
  readdirSync(folder).filter((name) => /^mail_\d+\.json$/.test(name));

/** A file that is not a mail of ours is left alone and not shown. */
function load(path: string): MailboxEntry | null {
  try {
    return entry.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return null;
  }
}
