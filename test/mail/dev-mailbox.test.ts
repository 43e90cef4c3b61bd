import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createLog } from "../../src/log.ts";
import { linksIn, startDevMailbox, type DevMailboxOptions } from "../../src/mail/dev-mailbox.ts";
import { openMailboxStore } from "../../src/mail/mailbox-store.ts";
import { createMailer, type Mail } from "../../src/mail/transport.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "mailbox-"));
  closing.push(() => rm(made, { recursive: true, force: true }));
  return made;
}

async function started(options: DevMailboxOptions = {}) {
  const mailbox = await startDevMailbox(options);
  const mailer = createMailer({
    smtpUrl: mailbox.smtpUrl,
    from: "Countersign <approvals@localhost>",
    log: createLog("silent"),
  });
  const stop = async () => {
    mailer.close();
    await mailbox.stop();
  };
  closing.push(stop);
  const send = (change: Partial<Mail> = {}) => mailer.send({ ...mail, ...change });
  return { mailbox, send, stop };
}

const mail: Mail = {
  to: "Finance@example.com",
  subject: "Approve 1.250,00 € for PO-1001? 😀",
  text: `Décidez:\nhttps://example.com/a/k1.${"Ab-_".repeat(30)}\n\nor (http://example.com/b?x=1&y=2).\n`,
  html: "<p>Décidez</p>",
  messageId: "<apr_1.1@localhost>",
};

test("a mail comes out as it went in", async () => {
  const { mailbox, send } = await started();
  expect(await send()).toMatchObject({ outcome: "accepted" });
  expect(mailbox.smtpUrl).toMatch(/^smtp:\/\/127\.0\.0\.1:\d+$/);
  const [entry] = mailbox.list();
  expect(entry).toMatchObject({
    id: "mail_000001",
    to: "Finance@example.com",
    subject: mail.subject,
    html: mail.html,
    message_id: mail.messageId,
    copies: 1,
  });
  expect(entry!.text.trim()).toBe(mail.text.trim());
  expect(entry!.links).toEqual([
    `https://example.com/a/k1.${"Ab-_".repeat(30)}`,
    "http://example.com/b?x=1&y=2",
  ]);
  expect(entry!.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(mailbox.get("mail_000001")).toEqual(entry);
  expect(mailbox.get("mail_000009")).toBeNull();
});

test("the newest comes first, and one address can be asked for in any case", async () => {
  const { mailbox, send } = await started();
  await send({ messageId: "<1@x>" });
  await send({ messageId: "<2@x>", to: "controller@example.com" });
  await send({ messageId: "<3@x>", to: ["sam@example.com", "finance@example.com"] });
  expect(mailbox.list().map((m) => m.message_id)).toEqual(["<3@x>", "<2@x>", "<1@x>"]);
  expect(mailbox.list({ to: "FINANCE@EXAMPLE.COM" }).map((m) => m.message_id)).toEqual(["<3@x>", "<1@x>"]);
  expect(mailbox.list({ to: "nobody@example.com" })).toEqual([]);
  expect(mailbox.list({ limit: 1 }).map((m) => m.message_id)).toEqual(["<3@x>"]);
});

test("a repeated mail is kept once and counted", async () => {
  const { mailbox, send } = await started({ dataDir: await folder() });
  await Promise.all([send(), send(), send()]);
  await send({ to: "controller@example.com" });
  expect(mailbox.list().map((m) => [m.to, m.copies])).toEqual([
    ["controller@example.com", 1],
    ["Finance@example.com", 3],
  ]);
});

test("mails survive a restart, and numbers go on", async () => {
  const dataDir = await folder();
  const first = await started({ dataDir });
  await first.send({ messageId: "<1@x>" });
  await first.send({ messageId: "<2@x>" });
  const before = first.mailbox.list();
  await first.stop();
  await writeFile(join(dataDir, "mailbox", "mail_000009.json"), "{ half a mail");
  const second = await started({ dataDir });
  expect(second.mailbox.list()).toEqual(before);
  await second.send({ messageId: "<1@x>" });
  await second.send({ messageId: "<3@x>" });
  expect(second.mailbox.list().map((m) => [m.id, m.copies])).toEqual([
    ["mail_000003", 1],
    ["mail_000002", 1],
    ["mail_000001", 2],
  ]);
});

test("a mail is listed once, however often somebody looks while it is written", async () => {
  const store = await openMailboxStore(await folder(), 100);
  const arrived = {
    to: "a@example.com",
    subject: "s",
    text: "t",
    html: "",
    links: [],
    at: new Date().toISOString(),
  };
  let looking = true;
  const looks = async () => {
    while (looking) {
      void store.mails.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const looked = looks();
  for (let n = 0; n < 50; n++) await store.add({ ...arrived, message_id: `<${n}@example.com>` });
  looking = false;
  await looked;
  expect(store.mails.map(({ message_id }) => message_id)).toEqual(
    Array.from({ length: 50 }, (_, n) => `<${n}@example.com>`),
  );
});

test("only the last mails are kept, on disk too", async () => {
  const dataDir = await folder();
  const { mailbox, send } = await started({ dataDir, limit: 3 });
  for (let i = 1; i <= 5; i++) await send({ messageId: `<${i}@x>` });
  expect(mailbox.list().map((m) => m.message_id)).toEqual(["<5@x>", "<4@x>", "<3@x>"]);
  expect((await readdir(join(dataDir, "mailbox"))).sort()).toEqual(
    [3, 4, 5].map((n) => `mail_00000${n}.json`),
  );
});

test("a mail that is too large is refused for good and not kept", async () => {
  const { mailbox, send } = await started();
  expect(await send({ text: "x".repeat(3_000_000) })).toMatchObject({ outcome: "refused" });
  expect(mailbox.list()).toEqual([]);
  expect(await send()).toMatchObject({ outcome: "accepted" });
});

test("a taken port is said at the start", async () => {
  const { mailbox } = await started();
  const port = Number(new URL(mailbox.smtpUrl).port);
  await expect(startDevMailbox({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("links end where the sentence goes on", () => {
  expect(
    linksIn('See http://a.example/x, (https://b.example/y). <http://c.example/z> "http://d.example"!'),
  ).toEqual(["http://a.example/x", "https://b.example/y", "http://c.example/z", "http://d.example"]);
  expect(linksIn("ftp://a.example and nothing else")).toEqual([]);
});
