import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterEach, describe, expect, test } from "vitest";
import { createLog } from "../../src/log.ts";
import { createMailer, type Mail, type Mailer, type MailerOptions } from "../../src/mail/transport.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const answer = (code: number, text: string) => Object.assign(new Error(text), { responseCode: code });

interface Running {
  url: string;
  /** What arrived, as it was on the wire. */
  received: { to: string[]; from: string; source: string }[];
}

/** A real SMTP server; the hooks decide what it answers. */
async function smtp(hooks: SMTPServerOptions = {}): Promise<Running> {
  const received: Running["received"] = [];
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    authOptional: true,
    closeTimeout: 100,
    onData: (stream, session, done) => {
      void buffer(stream).then((source) => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          to: rcptTo.map((to) => to.address),
          from: mailFrom ? mailFrom.address : "",
          source: source.toString("utf8"),
        });
        done(null, "OK, queued as 4711");
      });
    },
    ...hooks,
  });
  server.on("error", () => undefined);
  const listener = server.listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  closing.push(() => new Promise<void>((resolve) => server.close(resolve)));
  return { url: `smtp://127.0.0.1:${(listener.address() as AddressInfo).port}`, received };
}

/** A server that speaks SMTP only as far as `onSocket` does. */
async function raw(onSocket: (socket: Socket) => void): Promise<string> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    open.forEach((socket) => socket.destroy());
    server.close();
  });
  return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function mailer(smtpUrl: string, options: Partial<MailerOptions> = {}): Mailer {
  const made = createMailer({
    smtpUrl,
    from: "Countersign <approvals@example.com>",
    log: createLog("silent"),
    ...options,
  });
  closing.push(() => made.close());
  return made;
}

const mail: Mail = {
  to: "finance@example.com",
  subject: "Approve 1,250.00 USD for PO-1001?",
  text: "Please decide: é € 😀\n",
  html: "<p>Please decide</p>",
  messageId: "<apr_1.1@example.com>",
};

test("ids of mails and threads are at the sender's domain", async () => {
  const server = await smtp();
  const thread = "<apr_1@countersign>";
  const ours = { messageId: "<apr_1.2@countersign>", inReplyTo: thread, references: [thread] };
  expect((await mailer(server.url).send({ ...mail, ...ours })).outcome).toBe("accepted");
  const source = server.received[0]?.source ?? "";
  expect(source).toContain("Message-ID: <apr_1.2@example.com>");
  expect(source).toContain("In-Reply-To: <apr_1@example.com>");
  expect(source).toContain("References: <apr_1@example.com>");
  expect(source).not.toContain("@countersign");
});

describe("an accepted mail", () => {
  test("arrives with the caller's Message-ID, threading and the headers of an automatic mail", async () => {
    const server = await smtp();
    const outcome = await mailer(server.url).send({
      ...mail,
      inReplyTo: "<apr_1@example.com>",
      references: ["<apr_1@example.com>", "<apr_1.0@example.com>"],
      headers: { "X-Countersign-Approval": "apr_1" },
    });
    expect(outcome).toEqual({ outcome: "accepted", response: "250 OK, queued as 4711" });
    const { to, source } = server.received[0]!;
    expect(to).toEqual(["finance@example.com"]);
    expect(source).toContain("Message-ID: <apr_1.1@example.com>");
    expect(source).toContain("In-Reply-To: <apr_1@example.com>");
    expect(source).toContain("References: <apr_1@example.com> <apr_1.0@example.com>");
    expect(source).toContain("Auto-Submitted: auto-generated");
    expect(source).toContain("X-Auto-Response-Suppress: All");
    expect(source).toContain("X-Countersign-Approval: apr_1");
    expect(source).toMatch(/multipart\/alternative/);
  });

  test("is the same mail, byte for byte, when it is repeated", async () => {
    const server = await smtp();
    const again = { ...mail, date: "2026-11-23T09:30:00.000Z" };
    await mailer(server.url).send(again);
    await mailer(server.url).send(again);
    expect(server.received[1]!.source).toBe(server.received[0]!.source);
  });

  test("lets bounces go to the bounce address", async () => {
    const server = await smtp();
    await mailer(server.url).send({ ...mail, returnPath: "bounces@example.com" });
    expect(server.received[0]).toMatchObject({ from: "bounces@example.com", to: ["finance@example.com"] });
    expect(server.received[0]!.source).toContain("From: Countersign <approvals@example.com>");
  });

  test("a hundred at once go through a few connections", async () => {
    let connections = 0;
    const server = await smtp({
      onConnect: (_session, done) => {
        connections++;
        done();
      },
    });
    const sender = mailer(server.url);
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, i) => sender.send({ ...mail, messageId: `<apr_1.${i}@example.com>` })),
    );
    expect(outcomes.every((o) => o.outcome === "accepted")).toBe(true);
    expect(new Set(server.received.map((r) => /Message-ID: (.*)/.exec(r.source)?.[1])).size).toBe(100);
    expect(connections).toBeLessThanOrEqual(3);
  });
});

describe("a refused mail", () => {
  test("a recipient unknown to the server is refused for good", async () => {
    const server = await smtp({ onRcptTo: (_to, _session, done) => done(answer(550, "No such mailbox")) });
    expect(await mailer(server.url).send(mail)).toMatchObject({
      outcome: "refused",
      permanent: true,
      rejected: ["finance@example.com"],
      reason: expect.stringContaining("No such mailbox") as string,
    });
  });

  test("so is a mail whose content the server will not have", async () => {
    const server = await smtp({
      onData: (stream, _session, done) => {
        stream.resume().on("end", () => done(answer(554, "Looks like spam")));
      },
    });
    expect(await mailer(server.url).send(mail)).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("Looks like spam") as string,
    });
  });

  test("one bad recipient of two is told, though the other got the mail", async () => {
    const server = await smtp({
      onRcptTo: (to, _session, done) =>
        done(to.address.startsWith("gone") ? answer(550, "No such mailbox") : null),
    });
    const outcome = await mailer(server.url).send({
      ...mail,
      to: ["finance@example.com", "gone@example.com"],
    });
    expect(outcome).toMatchObject({
      outcome: "refused",
      permanent: true,
      rejected: ["gone@example.com"],
      reason: expect.stringContaining("gone@example.com: 550 No such mailbox") as string,
    });
    expect(server.received[0]!.to).toEqual(["finance@example.com"]);
  });

  test.each([
    [
      "a recipient that would add a header",
      { to: "finance@example.com\r\nBcc: evil@example.com" },
      "recipient",
    ],
    ["a recipient that is two", { to: "finance@example.com, evil@example.com" }, "recipient"],
    ["a recipient that is a command", { to: "<evil@example.com> SIZE=1" }, "recipient"],
    ["no recipient", { to: [] }, "recipient"],
    ["a subject of two lines", { subject: "Approve?\nBcc: evil@example.com" }, "subject"],
    ["a Message-ID of another form", { messageId: "apr_1" }, "message id"],
    ["a header of ours", { headers: { "Message-ID": "<x@y>" } }, "header"],
    ["a header of two lines", { headers: { "X-Note": "a\r\nBcc: evil@example.com" } }, "header"],
  ])("%s is refused before any server sees it", async (_what, wrong, named) => {
    const server = await smtp();
    expect(await mailer(server.url).send({ ...mail, ...wrong })).toMatchObject({
      outcome: "refused",
      permanent: true,
      reason: expect.stringContaining(named) as string,
    });
    expect(server.received).toEqual([]);
  });
});

describe("a deferred mail", () => {
  test("a recipient that the server cannot take now", async () => {
    const server = await smtp({ onRcptTo: (_to, _session, done) => done(answer(451, "Try again later")) });
    expect(await mailer(server.url).send(mail)).toMatchObject({
      outcome: "deferred",
      reason: expect.stringContaining("Try again later") as string,
    });
  });

  test("one recipient of two that the server cannot take now", async () => {
    const server = await smtp({
      onRcptTo: (to, _session, done) => done(to.address.startsWith("busy") ? answer(452, "Busy") : null),
    });
    expect(
      await mailer(server.url).send({ ...mail, to: ["finance@example.com", "busy@example.com"] }),
    ).toMatchObject({ outcome: "deferred", reason: expect.stringContaining("busy@example.com") as string });
  });

  test("a server that is down, and gets through once it is up", async () => {
    const first = await smtp();
    const port = Number(new URL(first.url).port);
    await closing.pop()!();
    const sender = mailer(first.url);
    expect(await sender.send(mail)).toMatchObject({ outcome: "deferred" });
    const server = new SMTPServer({
      disabledCommands: ["AUTH", "STARTTLS"],
      authOptional: true,
      closeTimeout: 100,
    });
    const listener = server.listen(port, "127.0.0.1");
    await new Promise((resolve) => listener.once("listening", resolve));
    closing.push(() => new Promise<void>((resolve) => server.close(resolve)));
    expect(await sender.send(mail)).toMatchObject({ outcome: "accepted" });
  });

  test("a host that does not exist", async () => {
    expect(await mailer("smtp://nowhere.invalid:25").send(mail)).toMatchObject({ outcome: "deferred" });
  });

  test("a refused login or greeting is the operator's to mend, not the recipient's fault", async () => {
    const server = await smtp({ onConnect: (_session, done) => done(answer(554, "Not for you")) });
    expect(await mailer(server.url).send(mail)).toMatchObject({ outcome: "deferred" });
    const login = await smtp({
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => done(answer(535, "Bad password")),
    });
    const outcome = await mailer(login.url.replace("//", "//user:s3cret@")).send(mail);
    expect(outcome).toMatchObject({
      outcome: "deferred",
      reason: expect.stringContaining("Bad password") as string,
    });
    expect(JSON.stringify(outcome)).not.toContain("s3cret");
  });

  test("a server that says nothing", async () => {
    const url = await raw(() => undefined);
    const started = Date.now();
    expect(await mailer(url, { timeouts: { connect: 300 } }).send(mail)).toMatchObject({
      outcome: "deferred",
    });
    expect(Date.now() - started).toBeLessThan(3_000);
  });

  test("a server that falls silent after the mail", async () => {
    const server = await smtp({ onData: (stream) => void stream.resume() });
    expect(await mailer(server.url, { timeouts: { socket: 300 } }).send(mail)).toMatchObject({
      outcome: "deferred",
    });
  });

  test("a server that is never silent and never done", async () => {
    const url = await raw((socket) => {
      const drip = setInterval(() => socket.write("220-still busy\r\n"), 50);
      socket.on("close", () => clearInterval(drip));
    });
    const started = Date.now();
    const outcome = await mailer(url, { timeouts: { connect: 10_000, total: 400 } }).send(mail);
    expect(outcome).toMatchObject({ outcome: "deferred" });
    expect(Date.now() - started).toBeLessThan(3_000);
  });

  test("a connection that breaks after the mail is not tried again behind the caller's back", async () => {
    let connections = 0;
    const url = await raw((socket) => {
      connections++;
      socket.write("220 ready\r\n");
      let body: string | null = null;
      socket.on("data", (data) => {
        const said = data.toString();
        if (body === null) socket.write(said.startsWith("DATA") ? "354 go on\r\n" : "250 OK\r\n");
        if (body !== null || said.startsWith("DATA")) body = (body ?? "") + said;
        if (body?.endsWith("\r\n.\r\n")) socket.destroy();
      });
    });
    expect(await mailer(url).send(mail)).toMatchObject({ outcome: "deferred" });
    expect(connections).toBe(1);
  });
});

describe("the check", () => {
  test("says that the server answers", async () => {
    const server = await smtp();
    expect(await mailer(server.url).verify()).toEqual({ ok: true });
    expect(server.received).toEqual([]);
  });

  test("says why it does not", async () => {
    expect(await mailer("smtp://127.0.0.1:1").verify()).toEqual({
      ok: false,
      reason: expect.stringContaining("ECONNREFUSED") as string,
    });
  });
});
