import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { createTransport } from "nodemailer";
import { afterEach, expect, test } from "vitest";
import { newId } from "../../src/ids.ts";
import { createLog } from "../../src/log.ts";
import {
  startBounceListener,
  type Bounce,
  type BounceListener,
  type BounceOptions,
} from "../../src/mail/bounces.ts";
import { createReturnPath } from "../../src/mail/return-path.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const returnPath = createReturnPath({
  address: "bounces@bounces.example.com",
  secrets: ["a secret of this test"],
});
const approval_id = newId("apr");
const address = returnPath.addressFor({ approval_id, number: 3, to: "finance@example.com" });
const sample = (name: string) =>
  readFileSync(resolve(import.meta.dirname, `../../fixtures/bounces/${name}.eml`));

async function listen(options: Partial<BounceOptions> = {}) {
  const bounces: Bounce[] = [];
  const listener: BounceListener = await startBounceListener({
    host: "127.0.0.1",
    port: 0,
    returnPath,
    recipientsOf: (id) =>
      Promise.resolve(id === approval_id ? ["controller@example.com", "Finance@example.com"] : []),
    onBounce: (bounce) => {
      bounces.push(bounce);
      return Promise.resolve();
    },
    log: createLog("silent"),
    ...options,
  });
  closing.push(() => listener.stop());
  return { listener, bounces };
}

/** Hands a mail over as a server does; resolves to the answer, such as `250 2.0.0 OK`. */
async function report(port: number, to: string, raw: Buffer | string): Promise<string> {
  const transport = createTransport({ host: "127.0.0.1", port, ignoreTLS: true });
  try {
    const { response } = await transport.sendMail({ envelope: { from: "", to: [to] }, raw });
    return response;
  } catch (error) {
    if (error instanceof Error && "response" in error) return String(error.response);
    throw error;
  } finally {
    transport.close();
  }
}

/** Speaks SMTP by hand: sends each line once the answer to the one before has come, and gives all answers. */
function speak(port: number, lines: string[]): Promise<string[]> {
  return new Promise((done, failed) => {
    const answers: string[] = [];
    const socket = connect(port, "127.0.0.1").on("error", failed);
    const left = [...lines, "QUIT"];
    createInterface(socket).on("line", (line) => {
      if (/^\d{3}-/.test(line)) return;
      answers.push(line);
      const next = left.shift();
      if (next === undefined) socket.end();
      else socket.write(`${next}\r\n`);
    });
    socket.on("close", () => done(answers));
  });
}

test("a mail that came back is told of with the address that we had mailed, and answered once it is stored", async () => {
  const { listener, bounces } = await listen();
  expect(await report(listener.port, address, sample("postfix-failed"))).toBe("250 2.0.0 OK");
  expect(bounces).toEqual([
    {
      approval_id,
      number: 3,
      recipient: "Finance@example.com",
      permanent: true,
      status: "5.1.1",
      diagnostic: expect.stringContaining("User unknown") as string,
    },
  ]);
  await report(listener.port, address.toUpperCase(), sample("postfix-delayed"));
  expect(bounces[1]).toMatchObject({ number: 3, permanent: false });
});

test("what reports nothing is taken, so that nobody sends it again, and nobody is told", async () => {
  const { listener, bounces } = await listen();
  for (const name of ["out-of-office", "front-desk", "read-receipt", "delivered"])
    expect(await report(listener.port, address, sample(name))).toBe("250 2.0.0 OK, it reports nothing");
  expect(await report(listener.port, address, "\u0000\u0001\u0002")).toMatch(/^250 /);
  expect(bounces).toEqual([]);
});

test("only addresses that we gave out are taken: no others, and no relaying", async () => {
  const { listener, bounces } = await listen();
  const forged = address.replace(/[0-9a-f]{16}@/, "0123456789abcdef@");
  const unknown = returnPath.addressFor({ approval_id: newId("apr"), number: 3, to: "finance@example.com" });
  const stranger = returnPath.addressFor({ approval_id, number: 3, to: "stranger@example.com" });
  for (const to of [forged, unknown, stranger, "bounces@bounces.example.com", "finance@example.com"])
    expect(await report(listener.port, to, sample("postfix-failed")), to).toBe(
      "550 5.1.1 No such bounce address",
    );
  expect(bounces).toEqual([]);
});

test("a report is about one mail; further recipients come in a transaction of their own", async () => {
  const { listener } = await listen();
  const to = `RCPT TO:<${address}>`;
  const other = `RCPT TO:<${returnPath.addressFor({ approval_id, number: 4, to: "controller@example.com" })}>`;
  const answers = await speak(listener.port, ["EHLO mx.example.net", "MAIL FROM:<>", to, other]);
  expect(answers.map((line) => line.slice(0, 3))).toEqual(["220", "250", "250", "250", "452", "221"]);
});

test("it offers neither a login nor encryption that it does not have", async () => {
  const { listener } = await listen();
  const answers = await speak(listener.port, [
    "EHLO mx.example.net",
    "AUTH PLAIN AGEAYg==",
    "STARTTLS",
    "VRFY root",
  ]);
  expect(answers.slice(2, 4).every((line) => line.startsWith("5"))).toBe(true);
});

test("what cannot be stored or looked up now is sent again later", async () => {
  let broken = true;
  const { listener, bounces } = await listen({
    onBounce: async (bounce) => {
      if (broken) throw new Error("the database is away");
      bounces.push(bounce);
      return Promise.resolve();
    },
  });
  expect(await report(listener.port, address, sample("qmail"))).toBe("451 4.3.0 Not now, come again");
  broken = false;
  expect(await report(listener.port, address, sample("qmail"))).toBe("250 2.0.0 OK");
  expect(bounces).toHaveLength(1);
  const { listener: blind } = await listen({ recipientsOf: () => Promise.reject(new Error("away")) });
  expect(await report(blind.port, address, sample("qmail"))).toBe("451 4.3.0 Not now, come again");
});

test("a mail of more than a megabyte is refused, announced or not", async () => {
  const { listener, bounces } = await listen();
  const large = Buffer.concat([sample("postfix-failed"), Buffer.alloc(1_100_000, "x\r\n")]);
  expect(await report(listener.port, address, large)).toMatch(/^552 /);
  const announced = await speak(listener.port, ["EHLO mx.example.net", "MAIL FROM:<> SIZE=1100000"]);
  expect(announced[2]).toMatch(/^552 /);
  const socket = connect(listener.port, "127.0.0.1");
  const answers: string[] = [];
  const said = ["HELO mx.example.net", "MAIL FROM:<>", `RCPT TO:<${address}>`, "DATA"];
  await new Promise<void>((done) => {
    createInterface(socket).on("line", (line) => {
      answers.push(line);
      const next = said.shift();
      if (next !== undefined) return void socket.write(`${next}\r\n`);
      if (line.startsWith("354")) return void socket.write(Buffer.concat([large, Buffer.from("\r\n.\r\n")]));
      socket.end();
      done();
    });
  });
  expect(answers.at(-1)).toMatch(/^552 /);
  expect(bounces).toEqual([]);
});

test("who asks for too many recipients in a minute has to come again", async () => {
  const { listener } = await listen();
  const forged = `RCPT TO:<${address.replace(/[0-9a-f]{16}@/, "0123456789abcdef@")}>`;
  const answers = await speak(listener.port, [
    "EHLO mx.example.net",
    "MAIL FROM:<>",
    ...Array<string>(60).fill(forged),
  ]);
  expect(answers.filter((line) => line.startsWith("550"))).toHaveLength(60);
  const all: string[] = [];
  for (let i = 0; i < 15; i++)
    all.push(...(await speak(listener.port, ["EHLO x", "MAIL FROM:<>", ...Array<string>(60).fill(forged)])));
  expect(
    all.filter((line) => line === "450 4.7.1 Too many recipients, come again in a minute").length,
  ).toBeGreaterThan(0);
});

test("stopping waits for what is being stored", async () => {
  let store: () => void = () => {};
  const storing = new Promise<void>((resolve) => (store = resolve));
  let asked: () => void = () => {};
  const begun = new Promise<void>((resolve) => (asked = resolve));
  const { listener } = await listen({
    onBounce: () => {
      asked();
      return storing;
    },
  });
  const answered = report(listener.port, address, sample("qmail"));
  await begun;
  let stopped = false;
  const stopping = listener.stop().then(() => (stopped = true));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(stopped).toBe(false);
  store();
  expect(await answered).toBe("250 2.0.0 OK");
  await stopping;
});

test("a port that is taken is said with the remedy", async () => {
  const { listener } = await listen();
  await expect(listen({ port: listener.port })).rejects.toThrow(
    `BOUNCE_PORT: port ${listener.port} cannot be used on 127.0.0.1; set another`,
  );
});
