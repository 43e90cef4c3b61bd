import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { simpleParser } from "mailparser";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { createLog } from "../../src/log.ts";
import { dkimRecord, readDkimKey } from "../../src/mail/dkim.ts";
import { createMailer } from "../../src/mail/transport.ts";
import { freePort } from "../helpers/process.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { verifyDkim } from "./dkim-verify.ts";
import { postfixMissing, startPostfix, type Postfix } from "./postfix.ts";
import { startSink, type Received, type Sink } from "./sink.ts";

vi.setConfig({ testTimeout: 60_000 });

const OPERATOR = "operator@example.com";

/** Mails go from the service to postfix, and from there to the sink; what comes back goes from postfix to the service. */
describe.skipIf(postfixMissing() !== null)("with postfix", () => {
  let folder: string;
  let record: string;
  let sink: Sink;
  let postfix: Postfix;
  let service: TestService;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-mta-"));
    const keyFile = join(folder, "dkim.pem");
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    await writeFile(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }));
    const dkim = await readDkimKey({ domain: "example.com", selector: "countersign1", keyFile });
    record = dkimRecord(dkim).txt;
    const bouncePort = await freePort();
    sink = await startSink();
    postfix = await startPostfix(sink.port, { "bounces.example.com": bouncePort });
    service = await startTestService({
      SMTP_URL: postfix.url,
      MAIL_FROM: "Countersign <approvals@example.com>",
      OPERATOR_EMAIL: OPERATOR,
      DKIM_DOMAIN: "example.com",
      DKIM_SELECTOR: "countersign1",
      DKIM_PRIVATE_KEY_FILE: keyFile,
      BOUNCE_ADDRESS: "bounces@bounces.example.com",
      BOUNCE_PORT: String(bouncePort),
    });
  });
  afterAll(async () => {
    await service?.end();
    await postfix?.stop();
    await sink?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    postfix.answers.clear();
    sink.answers.clear();
  });

  const mailsTo = (to: string, about: string): Received[] =>
    sink.received.filter((mail) => mail.to.includes(to) && mail.source.includes(about));
  const mailed = async (to: string, about: string): Promise<Received> =>
    (
      await service.until(
        () => Promise.resolve(mailsTo(to, about)),
        (mails) => mails.length > 0,
        30_000,
      )
    )[0] as Received;

  async function asked(reference: string): Promise<OrderView> {
    const order = await service.create({ amount: 125_000, reference });
    await service.pay(order);
    return service.reached(order.id, "awaiting_approval");
  }

  const told = (id: string, type: string) =>
    service.until(
      async () => (await service.trail(id)).filter((entry) => entry.type === type),
      (entries) => entries.length > 0,
      30_000,
    );

  /** By the mailed link; the order is captured once. */
  async function approve(order: OrderView, mail: Received): Promise<void> {
    const { text = "" } = await simpleParser(mail.source);
    const link = /http\S+\/a\/\S+/.exec(text)?.[0] ?? "";
    expect((await service.decide(link, "approve")).status).toBe(200);
    const done = await service.reached(order.id, "completed");
    expect(await service.ledger(done.payment.id)).toMatchObject({ captured: 125_000, captures: 1 });
  }

  test("a mail that it takes arrives signed, and its link approves", async () => {
    const order = await asked("PO-accepted");
    const mail = await mailed("finance@example.com", "PO-accepted");
    expect(verifyDkim(mail.source, record)).toBe("pass");
    expect(mail.from).toMatch(/^bounces\+.*@bounces\.example\.com$/);
    const sent = await told(order.id, "mail.sent");
    expect(sent.map(({ data }) => data["to"])).toContain("finance@example.com");
    await approve(order, mail);
  });

  test("one that it cannot take now is sent again until it does", async () => {
    postfix.answers.set("finance@example.com", "451 4.3.0 Not now");
    const order = await asked("PO-deferred");
    const [deferred] = await told(order.id, "mail.deferred");
    expect(deferred?.data).toMatchObject({
      to: "finance@example.com",
      attempts: 1,
      reason: expect.stringContaining("451 4.3.0") as string,
    });
    await mailed("controller@example.com", "PO-deferred");
    expect(mailsTo("finance@example.com", "PO-deferred")).toEqual([]);
    postfix.answers.clear();
    const mail = await mailed("finance@example.com", "PO-deferred");
    expect(mailsTo("cfo@example.com", "PO-deferred")).toEqual([]);
    await approve(order, mail);
    expect(mailsTo("finance@example.com", "PO-deferred")).toHaveLength(1);
  });

  test("one that it refuses for good is told to the operator, and the next are asked", async () => {
    postfix.answers.set("finance@example.com", "550 5.1.1 No such user here");
    const order = await asked("PO-refused");
    const [refused] = await told(order.id, "mail.refused");
    expect(refused?.data).toMatchObject({
      to: "finance@example.com",
      reason: expect.stringContaining("No such user here") as string,
    });
    const alert = await simpleParser((await mailed(OPERATOR, "PO-refused")).source);
    expect(alert.text).toContain("No such user here");
    await approve(order, await mailed("cfo@example.com", "PO-refused"));
    expect(mailsTo("finance@example.com", "PO-refused")).toEqual([]);
  });

  test("of two recipients one is refused: the other has the mail, and it is known who has not", async () => {
    postfix.answers.set("gone@example.com", "550 5.1.1 No such user here");
    const mailer = createMailer({
      smtpUrl: postfix.url,
      from: "Countersign <approvals@example.com>",
      log: createLog("silent"),
    });
    const outcome = await mailer.send({
      to: ["finance@example.com", "gone@example.com"],
      subject: "PO-partly",
      text: "PO-partly",
      html: "<p>PO-partly</p>",
      messageId: "<apr_partly.1@countersign>",
    });
    mailer.close();
    expect(outcome).toMatchObject({ outcome: "refused", permanent: true, rejected: ["gone@example.com"] });
    expect((await mailed("finance@example.com", "PO-partly")).to).toEqual(["finance@example.com"]);
  });

  test("one that it took and that comes back later is in the trail, told to the operator, and the next are asked", async () => {
    sink.answers.set("finance@example.com", "550 5.1.1 <finance@example.com>: Mailbox closed");
    const order = await asked("PO-bounced");
    const [bounced] = await told(order.id, "mail.bounced");
    expect(bounced?.data).toMatchObject({
      to: "finance@example.com",
      reason: "550 5.1.1 <finance@example.com>: Mailbox closed",
    });
    const types = (await service.trail(order.id)).map(({ type }) => type);
    // It had been taken, for all that we knew.
    expect(types.indexOf("mail.sent")).toBeLessThan(types.indexOf("mail.bounced"));
    expect(types.indexOf("mail.bounced")).toBeLessThan(types.indexOf("approval.escalated"));
    const alert = await simpleParser((await mailed(OPERATOR, "PO-bounced")).source);
    expect(alert.text).toContain("Mailbox closed");
    await approve(order, await mailed("cfo@example.com", "PO-bounced"));
    expect(mailsTo(OPERATOR, "PO-bounced")).toHaveLength(1);
  });

  test("what it reports of a failure has the mail's headers in it, and not the link", async () => {
    sink.answers.set("gone@example.com", "550 5.1.1 No such user here");
    const mailer = createMailer({
      smtpUrl: postfix.url,
      from: "Countersign <approvals@example.com>",
      log: createLog("silent"),
    });
    await mailer.send({
      to: "gone@example.com",
      subject: "PO-headers",
      text: "http://127.0.0.1/a/link-in-the-text",
      html: "<p>http://127.0.0.1/a/link-in-the-text</p>",
      messageId: "<apr_headers.1@countersign>",
      returnPath: "reader@example.com",
    });
    mailer.close();
    const report = await mailed("reader@example.com", "PO-headers");
    expect(report.source).toContain("Message-ID: <apr_headers.1@example.com>");
    expect(report.source).toContain("No such user here");
    expect(report.source).not.toContain("link-in-the-text");
  });

  test("one that is late on the way is in the trail, and arrives all the same", async () => {
    sink.answers.set("finance@example.com", "451 4.7.1 Greylisted, come again");
    const order = await asked("PO-greylisted");
    const [delayed] = await told(order.id, "mail.delayed");
    expect(delayed?.data).toMatchObject({
      to: "finance@example.com",
      reason: "451 4.7.1 Greylisted, come again",
    });
    expect(mailsTo("cfo@example.com", "PO-greylisted")).toEqual([]);
    sink.answers.clear();
    await approve(order, await mailed("finance@example.com", "PO-greylisted"));
    expect(mailsTo(OPERATOR, "PO-greylisted")).toEqual([]);
  });
});
