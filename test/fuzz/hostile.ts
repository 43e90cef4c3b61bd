import fc from "fast-check";

/** How many times each parser is tried; `FUZZ_RUNS=100000` looks longer. */
export const runs = (numRuns: number): fc.Parameters<unknown> => ({
  numRuns: Number(process.env["FUZZ_RUNS"] ?? numRuns),
});

/** Text as nobody sends it by mistake: any code unit, halves of surrogate pairs, NUL, direction marks, and much of the same. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
  { weight: 2, arbitrary: fc.string({ unit: "grapheme", maxLength: 60 }) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
      .map((units) => String.fromCharCode(...units)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom("a", "(", "[", "=", "'", '"', "\\", " ", "\t", "\n", ",", ".", "0", "%", "-", "é"),
        fc.integer({ min: 1, max: 20_000 }),
      )
      .map(([char, times]) => char.repeat(times)),
  },
);

export const bytes: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
  text.map((string) => Buffer.from(string)),
);

const HOSTILE_KEYS = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "",
  "\0",
  "$ref",
  "then",
];

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.constantFrom(null, true, 0, -0, 1e308, -1e308, 2 ** 53, 2 ** 53 + 2, 0.1, -1, "\ud800", "\0", "1e999"),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** JSON as an attacker writes it, as text: hostile keys, huge numbers, lone surrogates, nesting. */
export const jsonText: fc.Arbitrary<string> = fc.oneof(
  fc
    .letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        leaf,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(fc.oneof(fc.constantFrom(...HOSTILE_KEYS), text), tie("value"), { maxKeys: 4 }),
      ),
    }))
    .value.map((value) => JSON.stringify(value) ?? "null"),
  fc.constantFrom(
    "1e999",
    "-1e999",
    `{"a":${"9".repeat(400)}}`,
    '{"__proto__":{"role":"admin"}}',
    '{"a":1,"a":2}',
  ),
  fc.integer({ min: 1, max: 5_000 }).map((depth) => "[".repeat(depth) + "]".repeat(depth)),
  fc.integer({ min: 1, max: 5_000 }).map((depth) => '{"a":'.repeat(depth) + "1" + "}".repeat(depth)),
  text,
);

/** What is right but for a few places: most of a parser lies behind its first check. */
export const damaged = (right: string): fc.Arbitrary<string> =>
  fc
    .array(
      fc.tuple(
        fc.nat({ max: right.length }),
        fc.nat({ max: 8 }),
        text.map((t) => t.slice(0, 12)),
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    .map((edits) =>
      edits.reduce((now, [at, drop, put]) => now.slice(0, at) + put + now.slice(at + drop), right),
    );
