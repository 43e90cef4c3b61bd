import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { inclusionPath, merkleLeaf, merkleRoot, rootOfPath } from "../../src/domain/audit-merkle.ts";

/** The leaves and roots that the implementations of Certificate Transparency are tested with (RFC 6962, google/certificate-transparency). */
const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const sha256 = (...parts: Buffer[]) => createHash("sha256").update(Buffer.concat(parts)).digest();

test("roots are those of RFC 6962's well-known test vectors", () => {
  expect(merkleRoot([]).toString("hex")).toBe(sha256().toString("hex"));
  const leaves = LEAVES.map((hex) => sha256(Buffer.of(0), Buffer.from(hex, "hex")));
  ROOTS.forEach((root, i) => expect(merkleRoot(leaves.slice(0, i + 1)).toString("hex")).toBe(root));
});

/** The definition of RFC 9162, 2.1.1, word for word. */
function definedRoot(leaves: Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Buffer.of(1), definedRoot(leaves.slice(0, k)), definedRoot(leaves.slice(k)));
}

const trees = fc
  .integer({ min: 1, max: 70 })
  .map((n) => Array.from({ length: n }, (_, i) => merkleLeaf(`leaf ${i}`)));

test("every leaf of every tree has a proof that leads to the root, and to no other place", () => {
  fc.assert(
    fc.property(trees, fc.nat(), (leaves, n) => {
      const root = merkleRoot(leaves);
      expect(root).toEqual(definedRoot(leaves));
      const index = n % leaves.length;
      const path = inclusionPath(leaves, index);
      const leaf = leaves[index]!;
      expect(rootOfPath(leaf, index, leaves.length, path)).toEqual(root);
      if (leaves.length === 1) return;
      const other = (index + 1) % leaves.length;
      expect(rootOfPath(leaf, other, leaves.length, path)).not.toEqual(root);
      expect(rootOfPath(merkleLeaf("another"), index, leaves.length, path)).not.toEqual(root);
      expect(rootOfPath(leaf, index, leaves.length, path.slice(1))).not.toEqual(root);
      expect(rootOfPath(leaf, index, leaves.length, [...path, leaf])).toBeNull();
    }),
  );
});

test("a place outside of the tree has no root", () => {
  expect(rootOfPath(merkleLeaf("x"), 1, 1, [])).toBeNull();
  expect(rootOfPath(merkleLeaf("x"), -1, 1, [])).toBeNull();
});
