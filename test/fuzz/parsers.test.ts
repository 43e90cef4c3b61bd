import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseCsv } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CSV_HEADER, csvLine } from "../../src/audit/csv.ts";
import { parseItem } from "../../src/audit/checkpoint-text.ts";
import { parseEntry } from "../../src/audit/entry.ts";
import { ConfigError, loadConfig } from "../../src/config.ts";
import { paging } from "../../src/contract/paging.ts";
import { serversOf } from "../../src/db/servers.ts";
import { readTimelineToken, timelineToken } from "../../src/domain/audit-timeline-token.ts";
import { parsePolicy, PolicyError } from "../../src/domain/policy-parse.ts";
import { readAmount } from "../../src/domain/typed-amount.ts";
import { AppError } from "../../src/errors.ts";
import { mentioned } from "../../src/inbox/erased.ts";
import { readReturned } from "../../src/mail/delivery-report.ts";
import { createReturnPath } from "../../src/mail/return-path.ts";
import { readTraceparent } from "../../src/observe/trace.ts";
import { createSeal, SealBroken } from "../../src/seal.ts";
import { isPublic } from "../../src/outbound/address.ts";
import { urlObstacle } from "../../src/outbound/send.ts";
import { createAdyenSource } from "../../src/payments/adyen/source.ts";
import { createStandardSource } from "../../src/payments/standard/source.ts";
import { verifySignature as verifyStandard } from "../../src/payments/standard/signature.ts";
import { signBody, verifySignature } from "../../src/payments/stripe/signature.ts";
import { createStripeSource } from "../../src/payments/stripe/source.ts";
import { bytes, damaged, jsonText, runs, text } from "./hostile.ts";

const NOW = new Date("2026-06-01T12:00:00.000Z");
const fixture = (path: string) => readFileSync(join(import.meta.dirname, "../../fixtures", path), "utf8");

describe("webhooks", () => {
  const secret = "whsec_fuzz_secret";
  const stripe = createStripeSource({ secrets: [secret], account: null, livemode: false });
  const standard = createStandardSource({ secrets: [`whsec_${Buffer.alloc(32, 7).toString("base64")}`] });
  const adyen = createAdyenSource({ keys: ["ab".repeat(32)] });

  test("no header and no body but ours is authentic", () => {
    fc.assert(
      fc.property(
        bytes,
        fc.oneof(text, damaged(signBody(Buffer.from("{}"), secret, NOW))),
        (body, header) => {
          const verdict = verifySignature(body, header, [secret], NOW);
          // Of what was damaged only what still says the same of the same bytes may pass.
          if (verdict.valid) expect(body.toString()).toBe("{}");
          const headers = {
            "webhook-id": header,
            "webhook-timestamp": "1780315200",
            "webhook-signature": header,
          };
          expect(verifyStandard(body, headers, [Buffer.alloc(32)], NOW).valid).toBe(false);
          expect(adyen.receive({ body, headers: {}, now: NOW }).valid && body.length > 0).toBe(false);
        },
      ),
      runs(400),
    );
  });

  test("whatever is authentic is read, or kept with a reason", () => {
    const right = fixture("webhooks/paid/01-product.created.json");
    const body = fc.oneof(jsonText, damaged(right), text).map((string) => Buffer.from(string));
    fc.assert(
      fc.property(body, (event) => {
        for (const source of [stripe, standard, adyen]) {
          const { meaning } = source.read({ body: event, headers: {} });
          if (meaning.kind !== "message") expect(meaning.reason).not.toBe("");
        }
        mentioned(event);
      }),
      runs(300),
    );
    expect(Object.hasOwn(Object.prototype, "role")).toBe(false);
  });
});

describe("tokens", () => {
  const secrets = [{ version: "v1", secret: "a secret of sixteen" }];
  const grant = { order_id: "ord_1", expires: 2_000_000_000, sources: true };
  const right = timelineToken(secrets[0]!, grant);

  test("a timeline's token opens only what it was made for", () => {
    fc.assert(
      fc.property(fc.oneof(text, damaged(right)), text, (token, order) => {
        if (token !== right) expect(readTimelineToken(secrets, "ord_1", token, NOW)).toBeNull();
        if (order !== "ord_1") expect(readTimelineToken(secrets, order, right, NOW)).toBeNull();
      }),
      runs(400),
    );
    expect(readTimelineToken(secrets, "ord_1", right, NOW)).toEqual(grant);
  });

  test("a sealed secret that was touched does not open", () => {
    const seal = createSeal([{ version: "v1", secret: "a secret of sixteen" }]);
    const sealed = seal.close("whsec_of_an_endpoint", "whe_1");
    fc.assert(
      fc.property(fc.oneof(text, damaged(sealed)), text, (broken, owner) => {
        const opened = (what: string, by: string) => {
          try {
            return seal.open(what, by);
          } catch (error) {
            expect(error).toBeInstanceOf(SealBroken);
            return null;
          }
        };
        // Characters that base64url skips change nothing; what opens is the secret itself.
        expect([null, "whsec_of_an_endpoint"]).toContain(opened(broken, "whe_1"));
        if (owner !== "whe_1") expect(opened(sealed, owner)).toBeNull();
      }),
      runs(300),
    );
  });

  test("a cursor is one of ours or says so", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          text.map((t) => Buffer.from(`v1:${t}`).toString("base64url")),
        ),
        (cursor) => {
          const parsed = paging.cursor.safeParse(cursor);
          if (parsed.success) expect(parsed.data).toMatch(/^[a-z]{3}_[0-9a-z]{1,40}$/);
          else expect(parsed.error.issues[0]?.message).toContain("is not a cursor of ours");
        },
      ),
      runs(400),
    );
  });

  test("a bounce address, a traceparent, an amount and a line of a file are read or refused", () => {
    const path = createReturnPath({ address: "bounces@example.com", secrets: ["s"] });
    fc.assert(
      fc.property(
        text,
        damaged("bounces+01m83rq90amr2kps2x5rz0bkbq.1.0123456789abcdef@example.com"),
        (any, address) => {
          for (const given of [any, address]) {
            path.read(given)?.isOf("finance@example.com");
            readTraceparent(given);
            parseEntry(given);
            parseItem(given);
            isPublic(given);
            expect(urlObstacle(given, { strict: true }) ?? "").toEqual(expect.any(String));
            const amount = readAmount(given, "usd");
            if (amount !== null) expect(Number.isSafeInteger(amount) && amount >= 0).toBe(true);
          }
        },
      ),
      runs(300),
    );
  });
});

test("a policy is understood, or each mistake has its line", () => {
  const right = fixture("policies/default.yaml");
  fc.assert(
    fc.property(fc.oneof(text, damaged(right), jsonText), (yaml) => {
      try {
        parsePolicy(yaml);
      } catch (error) {
        expect(error).toBeInstanceOf(PolicyError);
        expect((error as PolicyError).message).toMatch(/^line \d+: /);
      }
    }),
    runs(40),
  );
});

test("what a mail server sends is a report or is not one", async () => {
  const right = [
    "From: MAILER-DAEMON@example.com",
    "MIME-Version: 1.0",
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
    "",
    "--b",
    "Content-Type: message/delivery-status",
    "",
    "Reporting-MTA: dns; example.com",
    "",
    "Final-Recipient: rfc822; finance@example.com",
    "Action: failed",
    "Status: 5.1.1",
    "Diagnostic-Code: smtp; 550 5.1.1 No such user",
    "",
    "--b--",
  ].join("\r\n");
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        bytes,
        damaged(right).map((mail) => Buffer.from(mail)),
      ),
      async (mail) => {
        const { report, ignored } = await readReturned(mail);
        if (report) expect(report.status).toMatch(/^[245]\.\d{1,3}\.\d{1,3}$/);
        else expect(ignored).not.toBe("");
      },
    ),
    runs(150),
  );
});

test("a CSV of any entry is read back as it was, and holds no formula", () => {
  const entry = fc.record({
    seq: fc.nat(),
    id: text,
    order_id: text,
    at: text,
    type: text,
    actor: fc.record({ type: fc.constant("api" as const), id: text }),
    data: fc.dictionary(text, text, { maxKeys: 3 }),
    prev_hash: text,
    hash: text,
  });
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 3 }), (entries) => {
      const rows = parseCsv<Record<string, string>>(CSV_HEADER + entries.map(csvLine).join(""), {
        columns: true,
        record_delimiter: "\r\n",
      });
      expect(rows.length).toBe(entries.length);
      for (const [i, { seq, id, order_id, actor, data, hash }] of entries.entries()) {
        const row = rows[i]!;
        expect(row["seq"]).toBe(String(seq));
        for (const [column, value] of Object.entries({
          id,
          order_id,
          actor_id: actor.id,
          data: JSON.stringify(data),
          hash,
        }))
          // A half of a surrogate pair is no UTF-8.
          expect([value, `'${value}`].map((cell) => cell.toWellFormed())).toContain(row[column]);
        for (const value of Object.values(row)) expect(value).not.toMatch(/^[=+\-@\t\r\n\0]/);
      }
    }),
    runs(150),
  );
});

describe("configuration", () => {
  test("a database URL is understood, or the remedy is said without the URL", () => {
    const marked = fc.oneof(
      text,
      damaged("postgresql://u:p4ssw0rd-p4ssw0rd@db1:5432,db2/countersign?sslmode=require"),
    );
    fc.assert(
      fc.property(marked, (url) => {
        try {
          for (const server of serversOf(url)) expect(URL.parse(server)).not.toBeNull();
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).message).toMatch(/^DATABASE_URL: /);
          expect((error as AppError).message).not.toContain("p4ssw0rd-p4ssw0rd");
        }
      }),
      runs(300),
    );
  });

  const NAMES = [
    ...[
      "PORT",
      "PUBLIC_URL",
      "ROLE",
      "STOP_NOTICE_S",
      "DATABASE_URL",
      "API_KEYS",
      "STRIPE_API_KEY",
      "STRIPE_API_BASE",
    ],
    ...[
      "STRIPE_WEBHOOK_SECRETS",
      "STRIPE_ACCOUNT",
      "PROVIDER_PORT",
      "SMTP_URL",
      "BOUNCE_ADDRESS",
      "BOUNCE_PORT",
    ],
    ...["LINK_SECRETS", "CHECKPOINT_EVERY_S", "OPERATOR_EMAIL", "RECONCILE_EVERY_S", "WEBHOOK_ALLOW_HOSTS"],
    ...["ARCHIVE_AFTER_DAYS", "ARCHIVE_URL", "LOG_LEVEL", "FAULT_POINT", "STANDARD_WEBHOOK_SECRETS"],
    ...["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_TRACES_SAMPLER_ARG", "NODE_ENV"],
  ];

  test("a bad setting is named with its remedy, and its value is not repeated", () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), text, (name, value) => {
        const marked = `${value}ZQ7secretZQ7`;
        try {
          loadConfig({ [name]: marked }, "/nowhere");
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          for (const line of (error as ConfigError).message.split("\n")) expect(line).toMatch(/^[A-Z_]+: ./);
          expect((error as ConfigError).message).not.toContain("ZQ7secretZQ7");
        }
      }),
      runs(400),
    );
  });
});
