import { normalisedAddress } from "./address.ts";
import type { PolicyRule } from "./policy-schema.ts";

/** What is about to happen, as far as a policy looks at it. */
export interface PolicySubject {
  kind: "order" | "refund";
  /** In the currency's minor unit. */
  amount: number;
  /** ISO 4217, in any case. */
  currency: string;
  /** The customer's address. */
  customer: string | null;
  metadata: Record<string, string>;
  requested_by: string | null;
}

type When = PolicyRule["when"];

/** Do all of a rule's conditions hold? One about somebody who is not known does not. */
export function holdsFor(when: When, subject: PolicySubject): boolean {
  const { kind, currency, amount_from = 0, amount_below = Infinity, customer, requested_by, metadata } = when;
  return (
    (kind === undefined || kind === subject.kind) &&
    (currency === undefined || currency.includes(subject.currency.toUpperCase())) &&
    subject.amount >= amount_from &&
    subject.amount < amount_below &&
    (customer === undefined || fits(customer, subject.customer)) &&
    (requested_by === undefined || fits(requested_by, subject.requested_by)) &&
    Object.entries(metadata ?? {}).every(
      ([key, values]) =>
        Object.hasOwn(subject.metadata, key) && values.includes(String(subject.metadata[key])),
    )
  );
}

/** Does the first hold wherever the second does? False when that cannot be told. */
export function covers(first: When, second: When): boolean {
  const wider = (a: string[] | undefined, b: string[] | undefined, has = includes) =>
    a === undefined || (b !== undefined && b.every((value) => has(a, value)));
  return (
    (first.kind === undefined || first.kind === second.kind) &&
    wider(first.currency, second.currency) &&
    (first.amount_from ?? 0) <= (second.amount_from ?? 0) &&
    (first.amount_below ?? Infinity) >= (second.amount_below ?? Infinity) &&
    wider(first.customer, second.customer, fits) &&
    wider(first.requested_by, second.requested_by, fits) &&
    Object.entries(first.metadata ?? {}).every(([key, values]) =>
      wider(
        values,
        second.metadata && Object.hasOwn(second.metadata, key) ? second.metadata[key] : undefined,
      ),
    )
  );
}

const includes = (values: string[], value: string): boolean => values.includes(value);

/** Does the address fit one of the patterns, whatever its case and tag? */
const fits = (patterns: string[], address: string | null): boolean =>
  address !== null &&
  patterns.some((pattern) => fitsPattern(normalisedAddress(pattern), normalisedAddress(address)));

/** `*` stands for any characters, also none; each part is looked for once, from the left, so that no pattern is slow. */
function fitsPattern(pattern: string, text: string): boolean {
  const [head = "", ...parts] = pattern.split("*");
  const tail = parts.pop();
  if (tail === undefined) return text === pattern;
  if (!text.startsWith(head)) return false;
  let from = head.length;
  for (const part of parts) {
    const found = text.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return text.length - from >= tail.length && text.endsWith(tail);
}
