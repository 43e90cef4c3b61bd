import fc from "fast-check";
import { expect, test } from "vitest";
import { linkToken, TOKEN_PATTERN, tokenHash, type LinkSubject } from "../../src/domain/approval-token.ts";
import { runs } from "./property.ts";

const secret = { version: "v1", secret: "0123456789abcdef0123456789abcdef" };

const links: fc.Arbitrary<LinkSubject> = fc.record({
  approval_id: fc.string(),
  gate: fc.nat(),
  revision: fc.nat(),
  approver: fc.string(),
  number: fc.nat(),
});

test("a mail that is sent again carries the same link", () => {
  fc.assert(
    fc.property(links, (link) => {
      const token = linkToken(secret, link);
      expect(linkToken(secret, { ...link })).toBe(token);
      expect(linkToken(secret, { ...link, approver: link.approver.toUpperCase().toLowerCase() })).toBe(
        linkToken(secret, { ...link, approver: link.approver.toUpperCase() }),
      );
      expect(token).toMatch(TOKEN_PATTERN);
      expect(tokenHash(token)).toMatch(/^[0-9a-f]{64}$/);
    }),
    runs(300),
  );
});

test("a link for anything else, or with another secret, is another link", () => {
  fc.assert(
    fc.property(links, links, (one, other) => {
      const same = JSON.stringify({ ...one, approver: "" }) === JSON.stringify({ ...other, approver: "" });
      if (same && one.approver.toLowerCase() === other.approver.toLowerCase()) return;
      expect(linkToken(secret, one)).not.toBe(linkToken(secret, other));
    }),
    runs(300),
  );
  const link = { approval_id: "apr_1", gate: 0, revision: 1, approver: "ada@example.com", number: 1 };
  const variants = [
    { ...link, approval_id: "apr_2" },
    { ...link, gate: 1 },
    { ...link, revision: 2 },
    { ...link, approver: "bob@example.com" },
    { ...link, number: 2 },
  ].map((variant) => linkToken(secret, variant));
  const secrets = [
    linkToken({ ...secret, version: "v2" }, link),
    linkToken({ ...secret, secret: "other" }, link),
  ];
  expect(new Set([linkToken(secret, link), ...variants, ...secrets]).size).toBe(8);
});

test.each(["", "v1.", "v1.short", `V1.${"a".repeat(43)}`, `v1.${"a".repeat(44)}`, `v1.${"!".repeat(43)}`])(
  "%j has not the form of a token",
  (text) => {
    expect(text).not.toMatch(TOKEN_PATTERN);
  },
);
