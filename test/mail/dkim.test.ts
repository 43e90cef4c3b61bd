import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import { dkimRecord, readDkimKey } from "../../src/mail/dkim.ts";
import { createMailer, type Mail } from "../../src/mail/transport.ts";
import { startService } from "../../src/service.ts";
import { signedHeaders, verifyDkim } from "./dkim-verify.ts";
import { startSink, type Sink } from "./sink.ts";

let folder: string;
let sink: Sink;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-dkim-"));
  sink = await startSink();
});
afterAll(async () => {
  await sink?.stop();
  await rm(folder, { recursive: true, force: true });
});

const pem = (key: KeyObject, type: "pkcs1" | "pkcs8" = "pkcs8") =>
  key.export({ type, format: "pem" }).toString();
const rsa = (modulusLength = 2048) => generateKeyPairSync("rsa", { modulusLength }).privateKey;

async function keyFile(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

const read = (file: string) =>
  readDkimKey({ domain: "example.com", selector: "countersign1", keyFile: file });

const mail: Mail = {
  to: "finance@example.com",
  subject: "Approve 1.250,00 € for PO-1001? 😀",
  text: "Please decide: é € 😀  \n\n\nA line that ends in blanks \t \n.\n..two dots\n\n\n",
  html: `<p>Please decide ${"x".repeat(2000)}</p>`,
  messageId: "<apr_1.1@countersign>",
  inReplyTo: "<apr_1@countersign>",
  references: ["<apr_1@countersign>"],
  date: "2026-11-23T09:30:00.000Z",
};

async function sent(file: string, change: Partial<Mail> = {}): Promise<string> {
  const dkim = await read(file);
  const mailer = createMailer({
    smtpUrl: sink.url,
    from: "Countersign <approvals@example.com>",
    log: createLog("silent"),
    dkim,
  });
  expect((await mailer.send({ ...mail, ...change })).outcome).toBe("accepted");
  mailer.close();
  return sink.received.at(-1)?.source ?? "";
}

describe("a signed mail", () => {
  let file: string;
  let txt: string;
  beforeAll(async () => {
    file = await keyFile("good.pem", pem(rsa()));
    txt = dkimRecord(await read(file)).txt;
  });

  test("passes with the record that is to be published, and carries the domain of its sender", async () => {
    const source = await sent(file);
    expect(verifyDkim(source, txt)).toBe("pass");
    expect(source).toMatch(/^DKIM-Signature:[^]*d=example\.com;[^]*s=countersign1;/);
    expect(signedHeaders(source)).toEqual(
      expect.arrayContaining(["from", "to", "subject", "date", "message-id", "in-reply-to", "references"]),
    );
  });

  test("fails when anything that people read was changed on the way", async () => {
    const source = await sent(file);
    expect(verifyDkim(source.replace("Please decide", "Please approve"), txt)).toBe("body changed");
    expect(verifyDkim(source.replace("approvals@example.com", "approvals@evil.example"), txt)).toBe(
      "headers changed",
    );
    expect(verifyDkim(source.replace(/^Subject: .*$/m, "Subject: hello"), txt)).toBe("headers changed");
    expect(verifyDkim(source, dkimRecord({ ...(await read(file)), privateKey: pem(rsa()) }).txt)).toBe(
      "headers changed",
    );
  });

  test("passes when a server on the way folded its headers anew and added some", async () => {
    const source = await sent(file);
    const relayed = `Received: by mx.example.net\r\n${source.replace("References: ", "References:\r\n\t")}`;
    expect(verifyDkim(relayed, txt)).toBe("pass");
  });

  test("is the same, signature included, when it is sent again", async () => {
    expect(await sent(file)).toBe(await sent(file));
  });

  test("without a key there is no signature", async () => {
    const mailer = createMailer({ smtpUrl: sink.url, from: "a@example.com", log: createLog("silent") });
    await mailer.send(mail);
    mailer.close();
    expect(verifyDkim(sink.received.at(-1)?.source ?? "", txt)).toBe("no signature");
  });
});

test("keys are read as openssl writes them, old and new", async () => {
  const key = rsa();
  for (const type of ["pkcs1", "pkcs8"] as const) {
    const file = await keyFile(`${type}.pem`, pem(key, type));
    const { txt } = dkimRecord(await read(file));
    expect(verifyDkim(await sent(file), txt)).toBe("pass");
  }
});

test("the record is named for selector and domain", async () => {
  const record = dkimRecord(await read(await keyFile("named.pem", pem(rsa()))));
  expect(record.name).toBe("countersign1._domainkey.example.com");
  expect(record.txt).toMatch(/^v=DKIM1; k=rsa; p=[A-Za-z0-9+/]{390,}=*$/);
});

describe("a key that cannot sign is said at the start, with the remedy", () => {
  const encrypted = () =>
    rsa().export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" }).toString();
  const publicKey = () =>
    generateKeyPairSync("rsa", { modulusLength: 2048 })
      .publicKey.export({ type: "spki", format: "pem" })
      .toString();

  test.each([
    ["nothing at all", () => "", /holds no private key/],
    ["something else", () => "hello", /holds no private key/],
    ["the public key", publicKey, /holds no private key/],
    ["a key with a passphrase", encrypted, /holds no private key in PEM without a passphrase/],
    [
      "a certificate's beginning",
      () => "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
      /holds no private key/,
    ],
    ["half a key", () => pem(rsa()).slice(0, 400), /holds no private key/],
    ["a key that verifiers refuse", () => pem(rsa(512)), /not an RSA key of at least 1024 bits/],
    ["a key of another kind", () => pem(generateKeyPairSync("ed25519").privateKey), /not an RSA key/],
    [
      "a key of elliptic curves",
      () => pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey),
      /not an RSA key/,
    ],
  ])("%s", async (_what, text, says) => {
    const file = await keyFile("wrong.pem", text());
    const failure = await read(file).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: "AppError",
      message: expect.stringMatching(says) as string,
    });
    const { message } = failure as Error;
    expect(message).toContain(`DKIM_PRIVATE_KEY_FILE: ${file}`);
    expect(message).not.toMatch(/BEGIN|MII/);
  });

  test("a file that is not there, or a folder", async () => {
    for (const file of [join(folder, "absent.pem"), folder])
      await expect(read(file)).rejects.toThrow(/cannot be read; name a file that exists/);
  });

  test("the service does not start without the signature that it was told to make", async () => {
    const config = loadConfig(
      {
        PORT: "0",
        DKIM_DOMAIN: "example.com",
        DKIM_SELECTOR: "countersign1",
        DKIM_PRIVATE_KEY_FILE: "absent.pem",
        DATA_DIR: "data",
      },
      folder,
    );
    await expect(startService({ config, log: createLog("silent") })).rejects.toThrow(
      `DKIM_PRIVATE_KEY_FILE: ${join(folder, "absent.pem")} cannot be read`,
    );
  });
});

describe("settings", () => {
  const problems = (env: Record<string, string>): string => {
    try {
      loadConfig(env, folder);
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  test("what belongs together is asked for together", () => {
    expect(problems({ DKIM_DOMAIN: "example.com" })).toBe(
      "DKIM_SELECTOR: is not set, but other DKIM settings are; set the selector under which the public key is in the DNS\n" +
        "DKIM_PRIVATE_KEY_FILE: is not set, but other DKIM settings are; set the file of the private key in PEM",
    );
    expect(problems({ BOUNCE_PORT: "2525" })).toBe(
      "BOUNCE_ADDRESS: BOUNCE_PORT is set; set the address that mails come back to",
    );
  });

  test.each([
    ["DKIM_DOMAIN", "-example.com"],
    ["DKIM_DOMAIN", "example"],
    ["DKIM_SELECTOR", "a b"],
    ["BOUNCE_ADDRESS", "bounces"],
    ["BOUNCE_ADDRESS", "bounces+us@example.com"],
    ["BOUNCE_ADDRESS", "seventeenletters1@example.com"],
    ["BOUNCE_PORT", "99999"],
    ["BOUNCE_PORT", "smtp"],
  ])("%s=%s is refused with the remedy", (name, value) => {
    expect(problems({ [name]: value })).toMatch(new RegExp(`^${name}: write `, "m"));
  });
});
