import { describe, expect, test } from "vitest";
import { linkToken } from "../../src/domain/approval-token.ts";
import { newId } from "../../src/ids.ts";
import { bounceSecrets, createReturnPath } from "../../src/mail/return-path.ts";

const [FIRST, SECOND] = [
  { version: "v1", secret: "the first secret of this test" },
  { version: "v2", secret: "the second secret of this test" },
];
const ADDRESS = "bounces@bounces.example.com";
const make = (linkSecrets = [FIRST], address = ADDRESS) =>
  createReturnPath({ address, secrets: bounceSecrets(linkSecrets) });

const mail = { approval_id: newId("apr"), number: 12, to: "Finance@example.com" };

test("an address says which mail it is of, and proves it", () => {
  const returnPath = make();
  const address = returnPath.addressFor(mail);
  expect(address).toMatch(/^bounces\+[0-9a-z]{26}\.12\.[0-9a-f]{16}@bounces\.example\.com$/);
  const returned = returnPath.read(address);
  expect(returned).toMatchObject({ approval_id: mail.approval_id, number: 12 });
  expect(returned?.isOf("Finance@example.com")).toBe(true);
  expect(returned?.isOf("finance@EXAMPLE.com")).toBe(true);
  expect(returned?.isOf("controller@example.com")).toBe(false);
});

test("the same mail has the same address, in every process and after every restart", () => {
  expect(make().addressFor(mail)).toBe(make().addressFor({ ...mail }));
  const others = [
    { ...mail, number: 13 },
    { ...mail, to: "controller@example.com" },
    { ...mail, approval_id: newId("apr") },
  ];
  const addresses = new Set([mail, ...others].map((each) => make().addressFor(each)));
  expect(addresses.size).toBe(4);
});

test("servers on the way may change the case", () => {
  const address = make().addressFor(mail);
  expect(make().read(address.toUpperCase())?.isOf(mail.to)).toBe(true);
  expect(make([FIRST], "Bounces@Bounces.Example.com").read(address)?.isOf(mail.to)).toBe(true);
});

test("it fits into what a server must take, with the longest name that may be configured", () => {
  const address = make([FIRST], "b".repeat(16) + "@example.com").addressFor({ ...mail, number: 999 });
  expect(address.lastIndexOf("@")).toBeLessThanOrEqual(64);
});

describe("after a rotation of LINK_SECRETS", () => {
  const old = make([FIRST]).addressFor(mail);

  test("addresses that were given out before are still known", () => {
    expect(make([SECOND, FIRST]).read(old)?.isOf(mail.to)).toBe(true);
  });
  test("new ones are signed with the first", () => {
    const fresh = make([SECOND, FIRST]).addressFor(mail);
    expect(fresh).toBe(make([SECOND]).addressFor(mail));
    expect(fresh).not.toBe(old);
  });
  test("a secret that was removed proves nothing", () => {
    expect(make([SECOND]).read(old)?.isOf(mail.to)).toBe(false);
  });
});

test("whoever was mailed can make up neither another's address nor one for another mail", () => {
  const returnPath = make();
  const own = returnPath.addressFor(mail);
  const signature = own.slice(own.lastIndexOf(".", own.indexOf("@")) + 1, own.indexOf("@"));
  for (const number of [1, 11, 13]) {
    const forged = `bounces+${mail.approval_id.slice(4)}.${number}.${signature}@bounces.example.com`;
    expect(returnPath.read(forged)?.isOf(mail.to)).toBe(false);
  }
  const flipped = own.replace(
    signature,
    signature.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
  );
  expect(returnPath.read(flipped)?.isOf(mail.to)).toBe(false);
});

test("a link is no bounce address and says nothing about one, though both come from one secret", () => {
  const [key] = bounceSecrets([FIRST]);
  expect(key).not.toContain(FIRST?.secret);
  const token = linkToken(FIRST, { ...mail, gate: 0, revision: 1, approver: mail.to });
  expect(make().addressFor(mail)).not.toContain(token.slice(3, 15));
  const withLinkSecret = createReturnPath({ address: ADDRESS, secrets: [FIRST.secret] });
  expect(make().read(withLinkSecret.addressFor(mail))?.isOf(mail.to)).toBe(false);
});

test.each([
  "bounces@bounces.example.com",
  "bounces+@bounces.example.com",
  "bounces+hello@bounces.example.com",
  "other+01kq8m3z5v7w9x2y4a6b8c0d1e.1.0123456789abcdef@bounces.example.com",
  "bounces+01kq8m3z5v7w9x2y4a6b8c0d1e.1.0123456789abcdef@example.com",
  "bounces+01kq8m3z5v7w9x2y4a6b8c0d1e.1.0123456789abcdef@bounces.example.com.evil.example",
  "bounces+01kq8m3z5v7w9x2y4a6b8c0d1e.1.0123456789abcde@bounces.example.com",
  "bounces+01kq8m3z5v7w9x2y4a6b8c0d1e.1.0123456789abcdef0@bounces.example.com",
  "bounces+01kq8m3z5v7w9x2y4a6b8c0d1e.1234567.0123456789abcdef@bounces.example.com",
  "bounces+01kq8m3z5v7w9x2y4a6b8c0d1e.-1.0123456789abcdef@bounces.example.com",
  "bounces+01kq8m3z5v7w9x2y4a6b8c0d1'.1.0123456789abcdef@bounces.example.com",
  "bounces+01kq8m3z5v7w9x2y4a6b8c0d1e.1.0123456789abcdeſ@bounces.example.com",
  "@bounces.example.com",
  "bounces+",
  "",
])("%s is none of ours", (address) => {
  expect(make().read(address)).toBeNull();
});
