import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { AuditDraft, AuditEntry } from "../../src/domain/audit-entry.ts";
import { appendToChain, entryHash, GENESIS } from "../../src/domain/audit-chain.ts";
import { runs } from "./property.ts";

const drafts = fc.array(
  fc.record({
    type: fc.constantFrom("note", "payment.captured", "order.completed"),
    actor: fc.record({ type: fc.constantFrom("api", "system"), id: fc.string() }),
    data: fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.constant(undefined)), {
      noNullPrototype: true,
    }),
  }),
  { maxLength: 6 },
) as fc.Arbitrary<AuditDraft[]>;

/** Several transitions, one after the other, as they would be stored and read again. */
function chainOf(transitions: AuditDraft[][]): AuditEntry[] {
  const chain = transitions.reduce<AuditEntry[]>((entries, batch, i) => {
    const head = { entries: entries.length, head_hash: entries.at(-1)?.hash ?? GENESIS };
    return [...entries, ...appendToChain("ord_1", head, batch, new Date(1_767_225_600_000 + i))];
  }, []);
  return JSON.parse(JSON.stringify(chain)) as AuditEntry[];
}

/** Independent of the code under test: the contract's own words. */
const verifies = (chain: AuditEntry[]): boolean =>
  chain.every(({ hash, ...rest }, i) => {
    const canonical = canonicalize(rest) ?? "";
    return (
      rest.seq === i &&
      rest.prev_hash === (chain[i - 1]?.hash ?? "0".repeat(64)) &&
      hash === createHash("sha256").update(canonical).digest("hex")
    );
  });

test("every chain verifies as it is stored, whatever its entries hold", () => {
  fc.assert(
    fc.property(fc.array(drafts, { maxLength: 5 }), (transitions) => {
      const chain = chainOf(transitions);
      expect(chain).toHaveLength(transitions.flat().length);
      expect(verifies(chain)).toBe(true);
      expect(new Set(chain.map((entry) => entry.id)).size).toBe(chain.length);
    }),
    runs(300),
  );
});

test("any change, loss, addition or exchange of entries is seen", () => {
  const change = fc.constantFrom(
    "type",
    "actor",
    "data",
    "at",
    "order_id",
    "id",
    "drop",
    "swap",
    "repeat",
    "seq",
  );
  fc.assert(
    fc.property(
      fc.array(drafts, { minLength: 1, maxLength: 5 }),
      change,
      fc.nat(),
      (transitions, what, n) => {
        const chain = chainOf(transitions);
        fc.pre(chain.length >= 2);
        const i = n % (chain.length - 1);
        const entry = chain[i]!;
        const next = chain[i + 1]!;
        const forged = { ...entry };
        const replaced = [...chain];
        if (what === "drop") replaced.splice(i, 1);
        else if (what === "swap") replaced.splice(i, 2, next, entry);
        else if (what === "repeat") replaced.splice(i, 0, entry);
        else {
          if (what === "actor") forged.actor = { ...entry.actor, id: `${entry.actor.id}x` };
          else if (what === "data") forged.data = { ...entry.data, forged: true };
          else if (what === "seq") forged.seq = entry.seq + 1;
          else forged[what] = `${entry[what]}x`;
          // Even with a hash that fits, the next entry gives it away.
          replaced[i] = n % 2 === 0 ? forged : { ...forged, hash: entryHash(forged) };
        }
        expect(verifies(replaced)).toBe(false);
      },
    ),
    runs(500),
  );
});

test("the hash does not depend on the order of keys", () => {
  const [entry] = chainOf([
    [{ type: "note", actor: { type: "api", id: "ada" }, data: { b: 1, a: { d: 2, c: 3 } } }],
  ]);
  const { hash, ...rest } = entry!;
  const turned = Object.fromEntries(Object.entries({ ...rest, data: { a: { c: 3, d: 2 }, b: 1 } }).reverse());
  expect(entryHash(turned as unknown as AuditEntry)).toBe(hash);
});
