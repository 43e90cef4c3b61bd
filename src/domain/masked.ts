/** What a personal or secret value is, so that whatever stands in its place can look alike. */
export type Masked = "name" | "email" | "phone" | "address" | "card" | "text" | "secret";

/** What stands in place of a value. */
export type Mask = (kind: Masked, value: string) => string;

const EMAIL = /[^\s@<>"',;]+@[^\s@<>"',;]+\.[^\s@<>"',;]+/g;

/** Keys as the provider writes them, in lower case without underscores. */
const NAMES =
  /^(name|firstname|lastname|fullname|middlename|holder|cardholder|cardholdername|accountholdername|shoppername|customername|recipientname|company)$/;
const CARD =
  /^(last4|iin|bin|fingerprint|number|cardnumber|cardsummary|cardbin|expmonth|expyear|expirydate|iban|accountnumber|routingnumber|authorizationcode|authcode|networktransactionid|transactionid)$/;
const ADDRESS =
  /(^|billing|shipping|customer|delivery)address$|^(ip|ipaddress|shopperip|customerpurchaseip)$/;
/** Their whole contents are about a person, whatever the keys within. */
const ALL_TEXT = /^(evidence|customfields|shippingdetails|shipping|metadata)$/;
const FREE_TEXT = /^(description|reasontext|note|comment|statementdescriptor|shopperstatement)$/;
const SECRET = /(^|client)secret$|^(receipturl|hostedvoucherurl|hostedinstructionsurl)$|token$|password/;

/** What orders are found by and must be read by everybody. */
const OURS = new Set(["order_id", "refund_id", "reference"]);

/**
 * Takes personal data and secrets out of a provider's event: names, addresses, mail addresses, phone numbers, card digits, free
 * text, and what gives access. Amounts, ids, statuses and times stay; numbers and empty values too, so that the result is still
 * an event of the same shape.
 */
export function masked(json: unknown, mask: Mask): unknown {
  return within(json, null, mask);
}

function within(value: unknown, kind: Masked | null, mask: Mask): unknown {
  if (typeof value === "string") return text(value, kind, mask);
  if (Array.isArray(value)) return value.map((each) => within(each, kind, mask));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inside]) => [
      key,
      within(inside, kindOf(key, inside) ?? kept(key, kind), mask),
    ]),
  );
}

/** Within an address or an evidence everything is of its kind, except ids of ours and the country. */
const kept = (key: string, kind: Masked | null): Masked | null =>
  OURS.has(key) || key === "country" ? null : kind;

function kindOf(key: string, value: unknown): Masked | null {
  const plain = key.toLowerCase().replaceAll(/[_\s.-]/g, "");
  if (SECRET.test(plain)) return "secret";
  if (plain.includes("email")) return "email";
  if (plain.includes("phone")) return "phone";
  if (ADDRESS.test(plain)) return "address";
  if (CARD.test(plain)) return typeof value === "object" ? null : "card";
  if (NAMES.test(plain)) return "name";
  return ALL_TEXT.test(plain) || FREE_TEXT.test(plain) ? "text" : null;
}

function text(value: string, kind: Masked | null, mask: Mask): string {
  if (value === "") return value;
  if (kind !== null) return mask(kind, value);
  return value.replaceAll(EMAIL, (found) => mask("email", found));
}
