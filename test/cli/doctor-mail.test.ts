import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { checkBounces } from "../../src/cli/doctor/bounces.ts";
import type { Check } from "../../src/cli/doctor/check.ts";
import { checkDkim } from "../../src/cli/doctor/dkim.ts";
import { createDns } from "../../src/cli/doctor/dns.ts";
import { examine } from "../../src/cli/doctor.ts";
import { loadConfig } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import { dkimRecord, readDkimKey } from "../../src/mail/dkim.ts";
import { startNameServer, type Zone } from "./name-server.ts";

let folder: string;
let keyFile: string;
let txt: string;
const NAME = "countersign1._domainkey.example.com";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-doctor-"));
  keyFile = await newKey("dkim.pem");
  txt = await recordOf(keyFile);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function newKey(name: string): Promise<string> {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(join(folder, name), privateKey.export({ type: "pkcs8", format: "pem" }));
  return join(folder, name);
}

const recordOf = async (file: string): Promise<string> =>
  dkimRecord(await readDkimKey({ domain: "example.com", selector: "countersign1", keyFile: file })).txt;

const config = (env: Record<string, string>) =>
  loadConfig({ MAIL_FROM: "Countersign <approvals@example.com>", ...env }, folder);
const signing = (env: Record<string, string> = {}) =>
  config({
    DKIM_DOMAIN: "example.com",
    DKIM_SELECTOR: "countersign1",
    DKIM_PRIVATE_KEY_FILE: keyFile,
    ...env,
  });

async function dnsOf(zone: Zone) {
  const server = await startNameServer(zone);
  stops.push(() => server.stop());
  return createDns([server.address]);
}

const isSilent = async () => {
  const server = await startNameServer({});
  await server.stop();
  return createDns([server.address]);
};

describe("DKIM", () => {
  const check = async (zone: Zone, env: Record<string, string> = {}): Promise<Check | undefined> =>
    (await checkDkim(signing(env), await dnsOf(zone)))[0];

  test("a published key passes, in one piece or as it comes out of zone files", async () => {
    const found = { name: "dkim", ok: true, detail: `${NAME} has the key that signs` };
    expect(await check({ [`TXT ${NAME}`]: [txt] })).toEqual(found);
    const spaced = txt.replace("v=DKIM1; k=rsa; p=", "v=DKIM1;k=rsa; t=s ; p= ").replace(/(.{80})/g, "$1 ");
    expect(await check({ [`TXT ${NAME}`]: ["something else", spaced] })).toEqual(found);
  });

  test("a missing record is shown as it has to be published", async () => {
    const missing = await check({});
    expect(missing?.ok).toBe(false);
    const [says = "", line = ""] = missing?.detail.split("\n") ?? [];
    expect(says).toBe(`the DNS has no ${NAME}; publish this record:`);
    const [, owner, pieces = ""] = /^(\S+)\. IN TXT \( (.*) \)$/.exec(line) ?? [];
    expect(owner).toBe(NAME);
    const texts = [...pieces.matchAll(/"([^"]*)"/g)].map(([, piece = ""]) => piece);
    expect(texts.every((piece) => piece.length <= 255)).toBe(true);
    // Published like this, it passes.
    expect(await check({ [`TXT ${NAME}`]: [texts.join("")] })).toMatchObject({ ok: true });
  });

  test("another key, and a revoked one, are told apart from none", async () => {
    const other = await recordOf(await newKey("other.pem"));
    expect(await check({ [`TXT ${NAME}`]: [other] })).toMatchObject({
      ok: false,
      detail: expect.stringContaining("has another key than DKIM_PRIVATE_KEY_FILE") as string,
    });
    expect(await check({ [`TXT ${NAME}`]: ["v=DKIM1; p="] })).toMatchObject({
      ok: false,
      detail: expect.stringContaining("is revoked") as string,
    });
  });

  test("a signature that does not speak for the sender is no use", async () => {
    const zone = { [`TXT ${NAME}`]: [txt] };
    expect(await check(zone, { MAIL_FROM: "Approvals <a@other.example>" })).toMatchObject({
      ok: false,
      detail: expect.stringContaining(
        "DKIM_DOMAIN: example.com signs, but MAIL_FROM is of other.example",
      ) as string,
    });
    expect(await check(zone, { MAIL_FROM: "a@notexample.com" })).toMatchObject({ ok: false });
    expect(await check(zone, { MAIL_FROM: "a@mail.example.com" })).toMatchObject({ ok: true });
  });

  test("a key that cannot be read is said, and a DNS that does not answer is no fault of the record", async () => {
    expect(await check({}, { DKIM_PRIVATE_KEY_FILE: "absent.pem" })).toMatchObject({
      ok: false,
      detail: expect.stringContaining("DKIM_PRIVATE_KEY_FILE: ") as string,
    });
    const [unknown] = await checkDkim(signing(), await isSilent());
    expect(unknown).toMatchObject({ ok: true, detail: expect.stringContaining("is not known") as string });
    expect(unknown?.detail).toContain(`${NAME}. IN TXT ( "v=DKIM1; k=rsa; p=`);
  });
});

describe("bounces", () => {
  const check = async (zone: Zone, env: Record<string, string> = { BOUNCE_PORT: "2525" }) =>
    (
      await checkBounces(config({ BOUNCE_ADDRESS: "bounces@bounces.example.com", ...env }), await dnsOf(zone))
    )[0];

  test("a domain whose mail somebody takes passes, with what is left to do", async () => {
    expect(await check({ "MX bounces.example.com": ["20 b.example.com", "10 a.example.com"] })).toEqual({
      name: "bounces",
      ok: true,
      detail:
        "mail for bounces.example.com goes to a.example.com, b.example.com; there it has to be handed to port 2525 of 127.0.0.1",
    });
    expect(await check({ "A bounces.example.com": ["192.0.2.1"] })).toMatchObject({
      ok: true,
      detail: expect.stringMatching(/goes to bounces\.example\.com; there/) as string,
    });
    expect(await check({ "MX bounces.example.com": ["10 a.example.com"] }, {})).toMatchObject({
      ok: true,
      detail: expect.stringContaining("which somebody has to read; set BOUNCE_PORT") as string,
    });
  });

  test("one that nobody can mail to does not", async () => {
    const remedy = expect.stringContaining("BOUNCE_ADDRESS: the DNS names no server") as string;
    expect(await check({})).toMatchObject({ ok: false, detail: remedy });
    expect(await check({ "MX bounces.example.com": ["0 ."] })).toMatchObject({ ok: false, detail: remedy });
  });

  test("a DNS that does not answer proves nothing", async () => {
    const [unknown] = await checkBounces(
      config({ BOUNCE_ADDRESS: "b@bounces.example.com" }),
      await isSilent(),
    );
    expect(unknown).toMatchObject({ ok: true, detail: expect.stringContaining("is not known") as string });
  });
});

test("the doctor looks at both where they are set, and at neither where they are not", async () => {
  const names = async (env: Record<string, string>) =>
    (await examine(signing(env), createLog("silent"), await dnsOf({}))).map(({ name }) => name);
  expect(await names({ BOUNCE_ADDRESS: "bounces@bounces.example.com" })).toEqual(
    expect.arrayContaining(["mail", "dkim", "bounces"]),
  );
  const none = await examine(config({}), createLog("silent"), await dnsOf({}));
  expect(none.map(({ name }) => name)).not.toContain("dkim");
  expect(none.map(({ name }) => name)).not.toContain("bounces");
});
