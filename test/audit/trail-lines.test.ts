import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { trailLine } from "../../src/cli/trail-lines.ts";
import { entryText } from "../../src/audit/sentences.ts";
import { chainOf, draft } from "./trails.ts";

const usd = { amount: 125_000, currency: "usd" };

const SENTENCES: [type: string, data: Record<string, unknown>, text: string][] = [
  [
    "order.created",
    { reference: "PO-1", ...usd, needs_approval: true },
    "Order PO-1 over 1,250.00 USD accepted; it needs approval",
  ],
  ["order.completed", {}, "Order completed"],
  ["order.expired", { reason: "not paid by noon" }, "Order expired: not paid by noon"],
  [
    "payment.authorized",
    { ...usd, capture_before: "2026-01-09T10:00:00.000Z" },
    "Authorized 1,250.00 USD, to be captured before 2026-01-09 10:00 UTC",
  ],
  ["payment.captured", { amount: 500, currency: "jpy" }, "Captured 500 JPY"],
  [
    "payment.failed",
    { code: "card_declined", message: "The card was declined." },
    "Payment attempt failed: The card was declined. (card_declined)",
  ],
  [
    "payment.late",
    { ...usd, because: "the order is expired" },
    "1,250.00 USD arrived too late and goes back: the order is expired",
  ],
  [
    "approval.requested",
    {
      ...usd,
      of: "order",
      asked: ["a@x.com", "b@x.com"],
      needed: 1,
      gate: "finance",
      deadline_at: "2026-01-09T10:00:00.000Z",
    },
    "Approval of 1,250.00 USD asked of a@x.com, b@x.com (gate finance, 1 needed, until 2026-01-09 10:00 UTC)",
  ],
  ["approval.voted", { decision: "approve", comment: "ok", via: "link" }, "Approved by mailed link: “ok”"],
  [
    "approval.vote_refused",
    { decision: "approve", because: "requester" },
    "Vote not counted: who requests does not approve",
  ],
  ["refund.succeeded", usd, "Refunded 1,250.00 USD"],
  ["mail.sent", { to: "a@x.com", mail: "request" }, "Mailed the request to approve to a@x.com"],
  [
    "effect.retrying",
    { effect: "capture", attempts: 2, reason: "timeout" },
    "Capturing the payment failed 2 times, will be tried again: timeout",
  ],
  [
    "message.ignored",
    { message: "cancel", because: "the order is already completed" },
    "The wish to cancel changed nothing: the order is already completed",
  ],
  ["fulfilment.item", { sku: "lap", quantity: 1, fulfilled: 2, of: 4 }, "Fulfilled 1 × lap: 2 of 4"],
  ["payment.captured", { ...usd, source: "reconciliation" }, "Captured 1,250.00 USD (found by looking)"],
  [
    "order.held",
    { reason: "the payment is 1 USD", until: "2026-01-09T10:00:00.000Z" },
    "Order held: the payment is 1 USD; it waits until 2026-01-09 10:00 UTC",
  ],
  [
    "order.amended",
    { changes: [{ field: "amount", before: "12.50 USD", after: "10.00 USD" }] },
    "Order amended: amount 12.50 USD → 10.00 USD",
  ],
  ["approval.reassigned", { from: "a@x.com", to: "b@x.com" }, "b@x.com is asked in place of a@x.com"],
  ["mail.bounced", { to: "a@x.com", reason: "5.1.1 unknown" }, "Mail to a@x.com came back: 5.1.1 unknown"],
  ["something.new", { a: 1 }, 'something.new {"a":1}'],
];

test.each(SENTENCES)("%s reads as a sentence", (type, data, text) => {
  expect(entryText(type, data)).toBe(text);
});

const FAMILY = "order|payment|checkout|refund|dispute|fulfilment|effect|approval|mail|message|operator";

test("every type of entry that orders and approvals write has a sentence", () => {
  const written = new Set<string>();
  const domain = join(import.meta.dirname, "../../src/domain");
  for (const file of readdirSync(domain).filter((name) => /^(order|approval)-.*\.ts$/.test(name))) {
    const text = readFileSync(join(domain, file), "utf8");
    // Entries are told with their type and then their actor; what is ignored is named likewise, as it was received.
    const pattern = new RegExp(
      `"((?:${FAMILY})\\.[a-z_]+)",\\s*(?:[A-Z]{3,}|providerOf|(?:[a-z.]+)?actor)\\b`,
      "g",
    );
    for (const [, type] of text.matchAll(pattern)) if (!type!.endsWith(".seen")) written.add(type!);
  }
  expect(written.size).toBeGreaterThan(40);
  expect([...written].filter((type) => entryText(type, {}) === type)).toEqual([]);
});

test("a line is one line, cut to the terminal, and without what could steer it", () => {
  const [entry] = chainOf([{ ...draft(0), data: { text: "evil \u001b[2J\r\n\u202e text ".repeat(20) } }]);
  const line = trailLine(entry!, { color: false, width: 100 });
  expect(line).toHaveLength(100);
  // eslint-disable-next-line no-control-regex -- What must not be there.
  expect(line).not.toMatch(/[\u0000-\u001f\u202e]/);
  expect(line).toMatch(/^ {2}#0 {2}2026-01-02 03:04:05\.678 {2}api sam@example\.com {7}Note: “evil .*…$/);
  // eslint-disable-next-line no-control-regex -- Colours.
  expect(trailLine(entry!, { color: true }).replace(/\u001b\[\d+m/g, "")).toBe(
    trailLine(entry!, { color: false }),
  );
});

test("whatever stands in an entry, a line comes of it", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SENTENCES.map(([type]) => type), "toString", "__proto__"),
      fc.dictionary(
        fc.constantFrom("amount", "currency", "asked", "to", "reason", "because", "of"),
        fc.jsonValue(),
      ),
      (type, data) => {
        const [entry] = chainOf([{ ...draft(0), type, data }]);
        expect(trailLine(entry!, { color: false })).not.toContain("[object");
      },
    ),
  );
});
