import { ERASED } from "./personal.ts";
import { type Customer, names } from "./personal-fields.ts";

/** Keys under which what we keep of requests and work holds people's or providers' words. */
const WORDS = new Set([
  "after",
  "because",
  "before",
  "error",
  "failure",
  "message",
  "note",
  "problem",
  "reason",
  "response",
  "text",
]);
/** Keys whose value is gone whole, and what is there instead. */
const GONE: Record<string, unknown> = {
  comment: null,
  description: null,
  metadata: {},
  client_secret: null,
  checkout_url: null,
};
/** Ids of the merchant's: no place for names. */
const KEPT = new Set(["reference", "sku"]);

/**
 * A record of what was answered or done, with the personal data gone: words, what belongs to the customer, and whatever else
 * names one of these. Its shape stays, so that whoever reads it again understands it.
 */
export function maskRecord(value: unknown, customers: Customer[]): unknown {
  if (typeof value === "string") return customers.some((who) => names(value, who)) ? ERASED : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => maskRecord(each, customers));
  return Object.fromEntries(
    Object.entries(value).map(([key, inside]: [string, unknown]) => [key, maskField(key, inside, customers)]),
  );
}

function maskField(key: string, value: unknown, customers: Customer[]): unknown {
  if (value === null || KEPT.has(key)) return value;
  if (Object.hasOwn(GONE, key)) return GONE[key];
  if (key === "customer") return typeof value === "object" ? { email: null, name: null } : null;
  if (WORDS.has(key) && typeof value === "string" && value !== "") return ERASED;
  return maskRecord(value, customers);
}
