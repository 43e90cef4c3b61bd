import { readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { readReturned } from "../../src/mail/delivery-report.ts";

const SAMPLES = resolve(import.meta.dirname, "../../fixtures/bounces");

/** As servers send it: with CRLF. */
const sample = (name: string): Buffer =>
  Buffer.from(readFileSync(resolve(SAMPLES, `${name}.eml`), "utf8").replaceAll("\n", "\r\n"));

const FAILED: Record<string, [status: string, diagnostic: string]> = {
  "postfix-failed": [
    "5.1.1",
    "550 5.1.1 <finance@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
  ],
  // Its status is a default; what the server said is more exact.
  "exim-failed": ["5.0.0", "550 5.1.1 <finance@example.com>: mailbox unavailable"],
  "exim-prose": [
    "5.2.1",
    "550 5.2.1 <finance@example.com>: Recipient address rejected: this mailbox is disabled",
  ],
  "relay-prose": ["5.7.1", "550 5.7.1 Message rejected by content policy"],
  qmail: [
    "5.7.1",
    "550-5.7.1 Unauthenticated email from example.com is not accepted due to 550-5.7.1 domain's DMARC policy. " +
      "Please contact the administrator of the 550 5.7.1 domain if this was a legitimate mail.",
  ],
  "qmail-quota": ["5.2.2", "The users mailfolder is over the allowed quota (size). (#5.2.2)"],
  exchange: [
    "5.1.10",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient finance@example.com not found by SMTP address lookup",
  ],
  gmail: [
    "5.1.1",
    "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the " +
      "recipient's email address for typos or 550-5.1.1 unnecessary spaces. For more information, go to 550 5.1.1 " +
      "https://support.google.com/mail/?p=NoSuchUser - gsmtp",
  ],
  "gmail-empty": ["5.0.0", "it could not be delivered"],
  "list-partly": ["5.1.1", "550 5.1.1 <controller@example.com>... User unknown"],
  "utf8-address": ["5.1.1", "550 5.1.1 <büro@example.com>: Postfach unbekannt"],
  // Tried for days in vain: the code of the last try is temporary, the failure is not.
  expired: ["4.4.1", "connect to mail.example.com[192.0.2.25]:25: Connection timed out"],
};

const IGNORED: Record<string, string> = {
  "out-of-office":
    "an automatic reply that reports no delivery: Automatic reply: Approve 1,250.00 USD for PO-1001?",
  "front-desk": "an automatic reply that reports no delivery: Re: Approve 1,250.00 USD for PO-1001?",
  "read-receipt": "a mail that reports no delivery: Read: Approve 1,250.00 USD for PO-1001?",
  "exim-delayed-prose":
    "an automatic reply that reports no delivery: Warning: message 1tEn2k-0003Jx-0z delayed 24 hours",
  delivered: "a delivery-status notification of delivered",
};

test.each(Object.entries(FAILED))(
  "%s says that the mail came back, and why",
  async (name, [status, said]) => {
    expect(await readReturned(sample(name))).toEqual({
      report: { permanent: true, status, diagnostic: said },
    });
  },
);

test("postfix-delayed says that the mail is late, and no more", async () => {
  expect(await readReturned(sample("postfix-delayed"))).toEqual({
    report: {
      permanent: false,
      status: "4.3.0",
      diagnostic: "451 4.3.0 <finance@example.com>: Temporary lookup failure",
    },
  });
});

test.each(Object.entries(IGNORED))("%s is no report of a failure", async (name, why) => {
  expect(await readReturned(sample(name))).toEqual({ ignored: why });
});

test("every sample is read", () => {
  const known = [...Object.keys(FAILED), ...Object.keys(IGNORED), "postfix-delayed"].map(
    (name) => `${name}.eml`,
  );
  expect(readdirSync(SAMPLES).sort()).toEqual(known.sort());
});

test("lines may end in LF alone", async () => {
  for (const name of ["postfix-failed", "qmail", "gmail"]) {
    const unix = Buffer.from(sample(name).toString("utf8").replaceAll("\r\n", "\n"));
    expect(await readReturned(unix), name).toEqual(await readReturned(sample(name)));
  }
});

/** A notification with these fields about its recipient. */
const notification = (fields: string, of = "Reporting-MTA: dns; mx.example.net"): Buffer =>
  Buffer.from(
    `Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n` +
      `--b\r\nContent-Type: message/delivery-status\r\n\r\n${of}\r\n\r\n${fields}\r\n\r\n--b--\r\n`,
  );

test("fields are read in any case and order, folded, and with comments", async () => {
  expect(
    await readReturned(
      notification(
        "STATUS: 5.2.2 (mailbox full)\r\ndiagnostic-code: smtp;\r\n\t552 5.2.2\r\n  Over quota\r\nACTION: Failed (for good)",
      ),
    ),
  ).toEqual({ report: { permanent: true, status: "5.2.2", diagnostic: "552 5.2.2 Over quota" } });
});

test("what is missing is made up for", async () => {
  expect(await readReturned(notification("Action: failed"))).toEqual({
    report: { permanent: true, status: "5.0.0", diagnostic: "it could not be delivered (5.0.0)" },
  });
  expect(await readReturned(notification("Action: delayed\r\nStatus: soon"))).toEqual({
    report: { permanent: false, status: "4.0.0", diagnostic: "it could not be delivered so far (4.0.0)" },
  });
  expect(await readReturned(notification("Action: failed\r\nDiagnostic-Code: smtp; 550 5.7.1 No"))).toEqual({
    report: { permanent: true, status: "5.7.1", diagnostic: "550 5.7.1 No" },
  });
});

test("what a server says can neither break a line nor deceive, and is cut", async () => {
  const said = `550 5.1.1 a\u0000b\u001b[31m \u202egnp.exe\u202c <script>${"x".repeat(100_000)}`;
  const { report } = await readReturned(notification(`Action: failed\r\nDiagnostic-Code: smtp; ${said}`));
  expect(report?.diagnostic).toMatch(/^550 5\.1\.1 ab\[31m gnp\.exe <script>x+…?$/);
  expect(report?.diagnostic.length).toBeLessThanOrEqual(400);
});

test("text that decodes to half a character can be stored", async () => {
  const text = Buffer.concat([
    Buffer.from("550 5.1.1 No ", "utf16le"),
    Buffer.from([0x00, 0xd8]),
    Buffer.from(" such user", "utf16le"),
  ]);
  const { report } = await readReturned(
    Buffer.from(
      `X-Failed-Recipients: finance@example.com\r\nContent-Type: text/plain; charset=utf-16le\r\n` +
        `Content-Transfer-Encoding: base64\r\n\r\n${text.toString("base64")}\r\n`,
    ),
  );
  expect(report?.diagnostic).toMatch(/^550 5\.1\.1 No .* such user$/);
  expect(report?.diagnostic.isWellFormed()).toBe(true);
});

test("a report inside of a mail that somebody forwards is not one about that mail", async () => {
  const forwarded = Buffer.from(
    `Subject: Fwd: what is this?\r\nContent-Type: multipart/mixed; boundary="m"\r\n\r\n` +
      `--m\r\nContent-Type: text/plain\r\n\r\nI got this:\r\n` +
      `--m\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n${sample("postfix-failed").toString("utf8")}\r\n--m--\r\n`,
  );
  expect(await readReturned(forwarded)).toEqual({
    ignored: "a mail that reports no delivery: Fwd: what is this?",
  });
});

test.each<[string, Buffer]>([
  ["nothing", Buffer.alloc(0)],
  ["noise", Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919 + (i >> 3)) & 255))],
  ["a boundary that never comes", Buffer.from("Content-Type: multipart/report; boundary=x\r\n\r\nhello")],
  ["a charset that does not exist", Buffer.from('Content-Type: text/plain; charset="nope\0"\r\n\r\n550 x')],
  ["broken base64", notification("\u0000=\u0000").subarray(0, 120)],
  ["a header of a megabyte", Buffer.from(`Subject: ${"=?utf-8?q?=00=0d=0a?= ".repeat(40_000)}\r\n\r\n`)],
  ["a line of a megabyte", notification(`${"a-".repeat(500_000)}`)],
  ["a megabyte of empty groups", notification("\r\n \t".repeat(250_000))],
  [
    "parts in parts in parts",
    Buffer.from(
      Array.from(
        { length: 5_000 },
        (_, i) => `Content-Type: multipart/mixed; boundary="b${i}"\r\n\r\n--b${i}\r\n`,
      ).join(""),
    ),
  ],
])("%s is no report, and harms nobody", async (_what, source) => {
  const returned = await readReturned(source).catch(() => ({ report: undefined, ignored: "unreadable" }));
  expect(returned.report).toBeUndefined();
  expect(returned.ignored?.length).toBeLessThan(400);
});
