import canonicalize from "canonicalize";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson } from "../../src/domain/canonical-json.ts";

test("canonical JSON is what the library for RFC 8785 writes, whatever was parsed", () => {
  fc.assert(
    fc.property(fc.json({ stringUnit: "binary" }), (text) => {
      const value: unknown = JSON.parse(text);
      fc.pre(text.isWellFormed());
      expect(canonicalJson(value)).toBe(canonicalize(value));
    }),
    { numRuns: 500 },
  );
});

test("the example of RFC 8785, section 3.2.3, sorts by code units, and names that look like numbers as text", () => {
  const example = { "\u20ac": "Euro", "\r": "CR", "\ufb33": "Dalet", "1": "One", "\u0080": "Control" };
  const more = { ...example, "\ud83d\ude00": "Smiley", "\u00f6": "o", "10": 1e21, "9": -0, gone: undefined };
  expect(canonicalJson(more)).toBe(canonicalize(more));
  expect(Object.values(JSON.parse(canonicalJson(example)) as object)).toHaveLength(5);
  expect(canonicalJson({ b: [{ d: 1, c: null }], a: {} })).toBe('{"a":{},"b":[{"c":null,"d":1}]}');
});
