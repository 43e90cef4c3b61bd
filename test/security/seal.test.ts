import { expect, test } from "vitest";
import { createSeal, SealBroken } from "../../src/seal.ts";

const SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const [one, two] = [
  { version: "k1", secret: "a secret of sixteen" },
  { version: "k2", secret: "another of the sort" },
];

test("what is sealed does not show the secret, and opens for its owner", () => {
  const seal = createSeal([one]);
  const sealed = seal.close(SECRET, "whe_1");
  expect(sealed).not.toContain(SECRET.slice(6, 20));
  expect(sealed).not.toBe(seal.close(SECRET, "whe_1"));
  expect(seal.open(sealed, "whe_1")).toBe(SECRET);
});

test("an older key still opens, and what it closed is known to be old", () => {
  const sealed = createSeal([one]).close(SECRET, "whe_1");
  const rotated = createSeal([two, one]);
  expect(rotated.open(sealed, "whe_1")).toBe(SECRET);
  expect([rotated.isCurrent(sealed), rotated.isCurrent(rotated.close(SECRET, "whe_1"))]).toEqual([
    false,
    true,
  ]);
});

test.each([
  ["without its key", () => createSeal([two]).open(createSeal([one]).close(SECRET, "whe_1"), "whe_1")],
  [
    "with another key of that name",
    () => createSeal([{ ...two, version: "k1" }]).open(createSeal([one]).close(SECRET, "whe_1"), "whe_1"),
  ],
  ["in another row", () => createSeal([one]).open(createSeal([one]).close(SECRET, "whe_1"), "whe_2")],
  [
    "after a change",
    () =>
      createSeal([one]).open(
        createSeal([one])
          .close(SECRET, "whe_1")
          .replace(/.(?=.{4}$)/, (char) => (char === "A" ? "B" : "A")),
        "whe_1",
      ),
  ],
  ["when it is none", () => createSeal([one]).open("k1.nonsense", "whe_1")],
])("it does not open %s, and the error does not hold it", (_, open) => {
  expect(open).toThrow(SealBroken);
  try {
    open();
  } catch (error) {
    expect(String(error)).toMatch(/^SealBroken: LINK_SECRETS: the version k\d /);
  }
});
