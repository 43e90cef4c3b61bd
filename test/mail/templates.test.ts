import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { markup, oneLine, plain, trusted } from "../../src/mail/markup.ts";
import {
  alertMail,
  escalationMail,
  noticeMail,
  outcomeMail,
  reminderMail,
  requestMail,
  type MailContent,
  type NoticeReason,
  type OutcomeView,
} from "../../src/mail/templates/index.ts";
import { formatWhen, gateRule, listed } from "../../src/mail/wording.ts";
import * as sample from "./samples.ts";

const outcome: OutcomeView = {
  asked: sample.order,
  status: "approved",
  votes: [sample.approval],
  decided_by: "finance@example.com",
  decided_at: sample.approval.at,
  comment: sample.approval.comment,
  next: sample.decided.happened!,
};

const notice = (reason: NoticeReason, asked = sample.order): MailContent =>
  noticeMail({ asked, approver: "controller@example.com", reason, at: sample.approval.at });

const changes = sample.changed.changes!;

const mails: Record<string, MailContent> = {
  request: requestMail(sample.ask),
  "request-second-stage": requestMail(sample.secondStage),
  "request-changed": requestMail(sample.changed),
  "request-refund": requestMail({ ...sample.ask, asked: sample.refund }),
  reminder: reminderMail({ ...sample.ask, asked_at: "2026-11-23T09:30:00.000Z" }),
  escalation: escalationMail({
    ...sample.ask,
    approver: "cfo@example.com",
    because: "nobody decided in time",
    asked_before: sample.ask.gate.approvers,
  }),
  "outcome-approved": outcomeMail(outcome),
  "outcome-rejected": outcomeMail({ ...outcome, status: "rejected", comment: "Too dear.\nAsk two others." }),
  "outcome-expired": outcomeMail({
    ...outcome,
    status: "expired",
    votes: [],
    decided_by: null,
    comment: null,
    next: [],
  }),
  "notice-revoked": notice({ kind: "revoked" }),
  "notice-reassigned": notice({ kind: "reassigned", to: "cfo@example.com" }),
  "notice-decided": notice({ kind: "decided", vote: sample.approval }),
  "notice-withdrawn": notice({ kind: "withdrawn", reason: "the order was cancelled" }),
  "notice-superseded": notice({ kind: "superseded", changes }),
  ...Object.fromEntries(
    Object.entries(sample.alerts).map(([kind, view]) => [
      `alert-${kind.replaceAll("_", "-")}`,
      alertMail(view),
    ]),
  ),
};

/** `UPDATE_FIXTURES=1 npx vitest run test/mail/templates.test.ts` writes them anew: look at them before you commit. */
describe("the mails in fixtures/mails", () => {
  const folder = join(import.meta.dirname, "../../fixtures/mails");

  test.each(Object.entries(mails))("%s reads as it is kept there", (name, mail) => {
    const texts = { txt: `Subject: ${mail.subject}\n\n${mail.text}`, html: mail.html };
    for (const [ending, text] of Object.entries(texts)) {
      const path = join(folder, `${name}.${ending}`);
      if (process.env["UPDATE_FIXTURES"]) {
        mkdirSync(folder, { recursive: true });
        writeFileSync(path, text);
      }
      expect(text).toBe(readFileSync(path, "utf8"));
    }
  });
});

/** What a reader of the HTML part sees, as words. */
const words = (html: string): string =>
  html
    .replace(/[\s\S]*<body[^>]*>/, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, "&")
    .replace(/\s+/g, " ");

test("the subject says amount and reference", () => {
  expect(requestMail(sample.ask).subject).toBe("Approve 1,250.00 USD for PO-1001?");
  expect(requestMail({ ...sample.ask, asked: sample.refund }).subject).toBe(
    "Approve refund of 625.00 USD for PO-1001?",
  );
  expect(
    requestMail({ ...sample.ask, asked: { ...sample.order, amount: 150_000, currency: "jpy" } }).subject,
  ).toBe("Approve 150,000 JPY for PO-1001?");
});

test.each(Object.entries(mails))("%s says the same in both parts", (_name, { text, html }) => {
  const shown = words(html).toLowerCase();
  const facts = text
    .split("\n")
    .map((line) => line.replace(/^(-- ?|- |> |\s+)/, "").trim())
    .filter((line) => line !== "" && !/^(review and decide:|total: )/i.test(line));
  for (const fact of facts)
    for (const part of fact.split(/: | wrote:$|, (?=\d[\d,.]* [A-Z]{3} each)| × | each/).filter(Boolean))
      expect(shown).toContain(part.trim().toLowerCase());
});

test.each(["request", "reminder", "escalation"])(
  "%s has one link to decide, and says that opening it does not",
  (name) => {
    const { text, html } = mails[name]!;
    expect(html.match(/href="[^"]*"/g)).toEqual([`href="${sample.link}"`]);
    expect(text.match(/https?:\S+/g)).toEqual([sample.link]);
    expect(text).toContain("Opening it decides nothing");
  },
);

test.each(Object.values(sample.alerts))(
  "$alert says what happened, to which order, and what to do",
  (view) => {
    const { subject, text } = alertMail(view);
    expect(subject).toMatch(/^[^:]+: PO-1001$/);
    expect(text.toLowerCase()).toContain(`${view.problem}.`.toLowerCase());
    for (const part of ["What to do", "PO-1001", view.order.id, view.about, "1,250.00 USD"])
      expect(text).toContain(part);
    expect(text).not.toMatch(/\d{4}-\d{2}-\d{2}T|null|undefined/);
  },
);

test("an alert that needs an answer says where to, and by when", () => {
  const held = alertMail(sample.alerts.order_held).text;
  expect(held).toContain("Send to: POST /v1/orders/:id/messages");
  expect(held).toContain("Thu 26 Nov 2026, 10:12 UTC");
  expect(alertMail(sample.alerts.authorization_lapsing).text).toContain("before Tue 24 Nov 2026, 09:12 UTC");
  expect(alertMail(sample.alerts.refund_failed).text).toContain("/refunds");
});

test("no mail loads anything from anywhere", () => {
  for (const { html } of Object.values(mails)) {
    expect(html).not.toMatch(/<(img|link|script|iframe|object|video|form)\b/i);
    expect(html).not.toMatch(/url\(|@import|src=/i);
  }
});

describe("hostile values", () => {
  const hostile = [
    requestMail(sample.hostileAsk),
    reminderMail({ ...sample.hostileAsk, asked_at: sample.HOSTILE }),
    escalationMail({ ...sample.hostileAsk, because: sample.HOSTILE, asked_before: [sample.HOSTILE] }),
    outcomeMail({
      asked: sample.hostile,
      status: "rejected",
      votes: [sample.hostileVote, sample.hostileVote],
      decided_by: sample.HOSTILE,
      decided_at: sample.HOSTILE,
      comment: sample.HOSTILE,
      next: [{ when: sample.HOSTILE, what: sample.HOSTILE }],
    }),
    alertMail(sample.hostileAlert),
    notice({ kind: "reassigned", to: sample.HOSTILE }, sample.hostile),
    notice({ kind: "withdrawn", reason: sample.HOSTILE }, sample.hostile),
    notice({ kind: "decided", vote: sample.hostileVote }, sample.hostile),
    notice({ kind: "superseded", changes: sample.hostileAsk.changes! }, sample.hostile),
  ];

  test("become no markup", () => {
    for (const { html } of hostile) {
      expect(html).not.toContain("<script");
      expect(html).toContain("&lt;script&gt;");
      expect(html.match(/<\/style>/g)).toHaveLength(1);
    }
  });

  test("leave the subject one short line", () => {
    for (const { subject } of hostile) {
      expect(subject).not.toMatch(/[^\P{Cc}]/u);
      expect(subject.length).toBeLessThanOrEqual(170);
    }
  });

  test("cannot turn the direction of the text or hide in it", () => {
    for (const { subject, text, html } of hostile)
      expect(subject + text + html).not.toMatch(
        /[^\P{Cc}\n]|[\u202a-\u202e\u2060-\u2069\u200e\u200f\u200b]/u,
      );
  });

  test("do not look like a line of ours", () => {
    const text = requestMail({
      ...sample.ask,
      asked: { ...sample.order, customer: "x\nDecide by: never" },
    }).text;
    expect(text.match(/^Decide by: .*/gm)).toEqual(["Decide by: Sat 28 Nov 2026, 09:30 UTC"]);
  });
});

describe("markup", () => {
  test("escapes values, takes markup and lists of it, shows nothing for nothing", () => {
    expect(
      markup`<i>${"<&\"'>"}</i>${markup`<b>${1}</b>`}${["<", markup`<u>`]}${null}${false}${undefined}`.text,
    ).toBe("<i>&lt;&amp;&quot;&#39;&gt;</i><b>1</b>&lt;<u>");
    expect(markup`${trusted("<hr>")}`.text).toBe("<hr>");
  });

  test("text keeps its letters, of any script, and its emoji", () => {
    expect(plain("Łódź 東京 שלום 👩‍💻 می‌خواهم\tx\r\ny")).toBe("Łódź 東京 שלום 👩‍💻 می‌خواهم\tx\ny");
    expect(oneLine("a\n\n b\u202e c")).toBe("a b c");
  });

  test("a long line is cut between characters as people see them", () => {
    expect(oneLine("👩‍💻".repeat(10), 4)).toBe("👩‍💻👩‍💻👩‍💻…");
  });
});

describe("wording", () => {
  test.each([
    [1, 1, "a0@example.com"],
    [1, 3, "any one of finance"],
    [2, 3, "any 2 of the 3 of finance"],
    [3, 3, "all 3 of finance"],
  ])("%i of %i is %s", (need, people, said) => {
    const approvers = Array.from({ length: people }, (_, i) => `a${i}@example.com`);
    expect(gateRule({ name: "finance", need, approvers })).toBe(said);
  });

  test("times are in the reader's zone, and what is no time stays as it is", () => {
    expect(formatWhen("2026-11-28T09:30:00.000Z")).toBe("Sat 28 Nov 2026, 09:30 UTC");
    expect(formatWhen("2026-11-28T23:30:00.000Z", "Asia/Tokyo")).toBe("Sun 29 Nov 2026, 08:30 GMT+9");
    expect(formatWhen("then")).toBe("then");
  });

  test("a long list of people says how many more", () => {
    expect(listed(["a"])).toBe("a");
    expect(listed(["a", "b", "c"])).toBe("a, b and c");
    expect(listed(["a", "b", "c", "d"], 2)).toBe("a, b and 2 more");
  });
});
