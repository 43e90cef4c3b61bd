import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyChain } from "../../src/audit/verify.ts";
import { verifyFile } from "../../src/cli/verify.ts";
import { entryHash, GENESIS } from "../../src/domain/audit-chain.ts";
import type { AuditDraft, AuditEntry } from "../../src/domain/audit-entry.ts";
import { chainOf, drafts } from "./trails.ts";

const headOf = (chain: AuditEntry[]) => ({ entries: chain.length, head_hash: chain.at(-1)?.hash ?? GENESIS });
const lines = (chain: AuditEntry[]) => chain.map((entry) => JSON.stringify(entry));
const rehashed = (entry: AuditEntry, change: Partial<AuditEntry>): AuditEntry => {
  const changed = { ...entry, ...change };
  return { ...changed, hash: entryHash(changed) };
};

const chain = chainOf(drafts(8));
const at = (seq: number) => chain[seq]!;
const without = (seq: number) => chain.filter((entry) => entry.seq !== seq);
const replaced = (seq: number, entry: AuditEntry) => chain.map((e) => (e.seq === seq ? entry : e));

const draftArbitrary: fc.Arbitrary<AuditDraft> = fc.record({
  type: fc.constantFrom("note", "order.created", "payment.captured"),
  actor: fc.record({ type: fc.constantFrom("api", "system"), id: fc.string({ unit: "grapheme" }) }),
  data: fc.dictionary(fc.string(), fc.jsonValue() as fc.Arbitrary<unknown>),
});

test("any chain built verifies, as values and as text", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(draftArbitrary, { maxLength: 12 }), async (entries) => {
      const built = chainOf(entries);
      const verdict = { valid: true, ...headOf(built) };
      expect(await verifyChain(built, headOf(built))).toEqual(verdict);
      expect(await verifyChain(lines(built))).toEqual(verdict);
    }),
  );
});

test("any single byte that changes what the file says is found, at the right entry", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(draftArbitrary, { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (entries, which, where, flip) => {
        const built = chainOf(entries);
        const texts = lines(built);
        const seq = which % texts.length;
        const bytes = Buffer.from(texts[seq]!);
        const place = where % bytes.length;
        bytes[place] = bytes[place]! ^ flip;
        const text = new TextDecoder().decode(bytes);
        fc.pre(!sameJson(text, texts[seq]!));
        const verdict = await verifyChain(texts.with(seq, text), headOf(built));
        expect(verdict).toMatchObject({ valid: false, first_bad_seq: seq });
      },
    ),
    { numRuns: 1_000 },
  );
});

function sameJson(a: string, b: string): boolean {
  try {
    return JSON.stringify(JSON.parse(a)) === b;
  } catch {
    return false;
  }
}

const CASES: [what: string, entries: unknown[], fault: string, seq: number][] = [
  ["an edited entry", replaced(3, { ...at(3), type: "order.completed" }), "edited", 3],
  [
    "an entry edited and hashed again",
    replaced(3, rehashed(at(3), { type: "order.completed" })),
    "edited",
    3,
  ],
  ["the first entry edited and hashed again", replaced(0, rehashed(at(0), { type: "x" })), "edited", 0],
  ["the last entry edited and hashed again", replaced(7, rehashed(at(7), { type: "x" })), "edited", 7],
  ["a missing entry", without(3), "missing", 3],
  ["a missing first entry", without(0), "missing", 0],
  ["a missing end", chain.slice(0, 5), "truncated", 5],
  ["nothing at all", [], "truncated", 0],
  ["an entry twice", chain.toSpliced(4, 0, at(3)), "inserted", 4],
  ["an old entry again", chain.toSpliced(6, 0, at(1)), "inserted", 6],
  ["a foreign entry", chain.toSpliced(4, 0, { ...at(4), id: "aud_x" }), "inserted", 4],
  ["an entry of another order", replaced(4, rehashed(at(4), { order_id: "ord_other" })), "edited", 4],
  ["an entry beyond the end", [...chain, rehashed(at(7), { seq: 8, prev_hash: at(7).hash })], "inserted", 8],
  ["two entries swapped", chain.with(3, at(5)).with(5, at(3)), "reordered", 3],
  ["a later entry twice", chain.toSpliced(3, 0, at(6)), "inserted", 3],
  ["neighbours swapped", chain.with(3, at(4)).with(4, at(3)), "reordered", 3],
  ["two that continue the same", chain.toSpliced(4, 0, rehashed(at(3), { id: "aud_x" })), "forked", 3],
  ["what is no entry", chain.map((e) => (e.seq === 2 ? "{" : e)), "malformed", 2],
  [
    "what is no entry, slipped in",
    [...lines(chain.slice(0, 2)), "{}", ...lines(chain.slice(2))],
    "inserted",
    2,
  ],
  ["what is known to be gone", chain.map((e) => (e.seq === 2 ? null : e)), "missing", 2],
];

test.each(CASES)("%s is found and named", async (_, entries, fault, seq) => {
  expect(await verifyChain(entries, headOf(chain))).toMatchObject({
    valid: false,
    fault,
    first_bad_seq: seq,
    entries: seq,
    head_hash: seq === 0 ? GENESIS : at(seq - 1).hash,
  });
});

test("a key named twice is not an entry, though both readings have the right hash", async () => {
  const [first, ...rest] = lines(chain);
  const doubled = first!.replace('"data":{', '"data":{"text":"what another reader sees",');
  expect(await verifyChain([doubled, ...rest])).toMatchObject({ fault: "malformed", first_bad_seq: 0 });
});

test("the same entries written with other spacing are still the same entries", async () => {
  const spaced = chain.map((entry) => JSON.stringify(entry, null, 1));
  expect(await verifyChain(spaced, headOf(chain))).toMatchObject({ valid: true });
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-verify-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a file verifies offline, and says what is wrong when it does not", async () => {
  const file = join(folder, "trail.ndjson");
  await writeFile(file, lines(chain).join("\n"));
  expect(await verifyFile(file)).toMatchObject({ code: 0, result: { valid: true, entries: 8 } });
  expect((await verifyFile(file, { expected: { entries: 9, head_hash: GENESIS } })).result.fault).toBe(
    "truncated",
  );
  await writeFile(file, `${lines(without(3)).join("\n")}\n`);
  const outcome = await verifyFile(file);
  expect(outcome.code).toBe(1);
  expect(outcome.message).toContain("entry 3 is missing");
  await expect(verifyFile(join(folder, "absent"))).rejects.toThrow("cannot be read (ENOENT)");
});
