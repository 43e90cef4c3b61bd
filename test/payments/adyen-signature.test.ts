import { hmacValidator, type Types } from "@adyen/api-library";
import fc from "fast-check";
import { expect, test } from "vitest";
import { itemShape } from "../../src/payments/adyen/notification.ts";
import { isSigned, keyOf, signItem } from "../../src/payments/adyen/signature.ts";

type LibraryItem = Types.notification.NotificationRequestItem;

const validator = new hmacValidator();

// The key of Adyen's own libraries' tests, and what they expect.
const KEY = "DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00";
const VECTORS = [
  {
    item: {
      pspReference: "pspReference",
      originalReference: "originalReference",
      merchantAccountCode: "merchantAccount",
      merchantReference: "reference",
      amount: { currency: "EUR", value: 1000 },
      eventCode: "EVENT",
      success: "true",
    },
    signature: "ipnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc=",
  },
  {
    item: {
      pspReference: "7914073381342284",
      merchantAccountCode: "TestMerchant",
      merchantReference: "TestPayment-1407325143704",
      amount: { currency: "EUR", value: 1130 },
      eventCode: "AUTHORISATION",
      success: "true",
    },
    signature: "Ny9gS2veKo5E4w8/OL6xz1/wvT/hYkAXy1xNc/QvO4I=",
  },
];

test("the vectors that Adyen publishes are signed, and nothing else", () => {
  for (const { item, signature } of VECTORS) {
    const signed = itemShape.parse({ ...item, additionalData: { hmacSignature: signature } });
    expect(signItem(signed, keyOf(KEY))).toBe(signature);
    expect(isSigned(signed, [keyOf(KEY)])).toBe(true);
    expect(isSigned(signed, [Buffer.alloc(32), keyOf(KEY)])).toBe(true);
    expect(isSigned(signed, [Buffer.alloc(32)])).toBe(false);
    expect(
      isSigned({ ...signed, amount: { ...signed.amount, value: signed.amount.value + 1 } }, [keyOf(KEY)]),
    ).toBe(false);
    expect(isSigned(itemShape.parse(item), [keyOf(KEY)])).toBe(false);
  }
});

const reference = fc.stringMatching(/^[A-Z0-9]{1,20}$/);
const items = fc.record({
  pspReference: reference,
  originalReference: fc.option(reference, { nil: "" }),
  merchantAccountCode: fc
    .string({ unit: "binary", minLength: 1, maxLength: 30 })
    .map((text) => `a${text.replaceAll(":", "")}`),
  merchantReference: fc.string({ unit: "binary", maxLength: 80 }),
  amount: fc.record({ value: fc.maxSafeInteger(), currency: fc.constantFrom("EUR", "USD", "JPY") }),
  eventCode: fc.constantFrom("AUTHORISATION", "CAPTURE", "REFUND_FAILED", "CHARGEBACK"),
  success: fc.constantFrom("true", "false"),
});
const keys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((key) => Buffer.from(key).toString("hex"));

/** The library's type has a closed list of codes; it signs any. */
const forLibrary = (item: unknown) => item as LibraryItem;

test("what Adyen's library signs verifies here, and what is signed here verifies there", () => {
  fc.assert(
    fc.property(items, keys, (item, key) => {
      const ours = signItem(itemShape.parse(item), keyOf(key));
      expect(validator.calculateHmac(forLibrary(item), key)).toBe(ours);
      const signed = { ...item, additionalData: { hmacSignature: ours } };
      expect(validator.validateHMAC(forLibrary(signed), key)).toBe(true);
      expect(isSigned(itemShape.parse(signed), [keyOf(key)])).toBe(true);
    }),
  );
});

test("no signed field can be changed, nor a part of one moved into the next", () => {
  fc.assert(
    fc.property(items, items, keys, (item, other, key) => {
      const signature = signItem(itemShape.parse(item), keyOf(key));
      for (const field of Object.keys(item) as (keyof typeof item)[]) {
        if (JSON.stringify(item[field]) === JSON.stringify(other[field])) continue;
        const forged = { ...item, [field]: other[field], additionalData: { hmacSignature: signature } };
        expect(isSigned(itemShape.parse(forged), [keyOf(key)])).toBe(false);
      }
      const moved = {
        ...item,
        merchantAccountCode: `${item.merchantAccountCode}:${item.merchantReference}`,
        merchantReference: "",
      };
      expect(itemShape.safeParse(moved).success).toBe(false);
    }),
  );
});

test("a key that is not 32 bytes in hexadecimal is refused", () => {
  for (const bad of ["", "whsec_dev", KEY.slice(2), `${KEY.slice(1)}g`])
    expect(() => keyOf(bad)).toThrow(RangeError);
});
