import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAdyenSource } from "../../src/payments/adyen/source.ts";
import { createStandardSource } from "../../src/payments/standard/source.ts";
import { createStripeSource, livemodeOf } from "../../src/payments/stripe/source.ts";
import type { WebhookSource } from "../../src/payments/webhook-source.ts";

const KEY = "DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00";

const sources: WebhookSource[] = [
  createStripeSource({ secrets: ["whsec_dev"], livemode: false }),
  createStandardSource({ secrets: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] }),
  createAdyenSource({ keys: [KEY] }),
];

const headers = fc.dictionary(
  fc.constantFrom("stripe-signature", "webhook-id", "webhook-timestamp", "webhook-signature", "other"),
  fc.string(),
);

/** Objects with the fields that sources look for, filled with anything. */
const nearly = fc.record(
  {
    id: fc.anything(),
    type: fc.constantFrom("payment.paid", "operation.done", "chargeback.won", "charge.refunded", "x"),
    object: fc.constantFrom("event", "charge"),
    data: fc.oneof(
      fc.anything(),
      fc.record({ object: fc.record({ object: fc.constantFrom("charge", "refund") }) }),
    ),
    notificationItems: fc.array(fc.record({ NotificationRequestItem: fc.anything() })),
    pspReference: fc.stringMatching(/^[A-Z0-9]+$/),
    eventCode: fc.constantFrom("CAPTURE", "REFUND", "CHARGEBACK"),
    merchantAccountCode: fc.string(),
    amount: fc.record({ value: fc.anything(), currency: fc.constantFrom("EUR", "eur") }),
    success: fc.constantFrom("true", "false", true, null),
  },
  { requiredKeys: [] },
);

const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.oneof(nearly, fc.jsonValue()).map((value) => Buffer.from(JSON.stringify(value, jsonable) ?? "null")),
);

const jsonable = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

describe.each(sources)("$name", (source) => {
  test("takes no request that is not signed, and throws for none", () => {
    fc.assert(
      fc.property(bodies, headers, (body, given) => {
        expect(source.receive({ body, headers: given, now: new Date() }).valid).toBe(false);
      }),
    );
  });

  test("reads whatever was stored, and says what is wrong with it", () => {
    fc.assert(
      fc.property(bodies, headers, (body, given) => {
        const { meaning } = source.read({ body, headers: given });
        if (meaning.kind !== "message") expect(meaning.reason).not.toBe("");
      }),
    );
  });
});

test.each([
  ["sk_live_1", true],
  ["rk_live_1", true],
  ["sk_test_1", false],
  ["rk_test_1", false],
  ["something", null],
])("the mode of the key %s is known", (key, livemode) => expect(livemodeOf(key)).toBe(livemode));
