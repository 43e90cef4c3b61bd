import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Journal, type Change } from "../../src/mock-provider/journal.ts";
import { eventually } from "./provider.ts";

let dir = "";
const dirs: string[] = [];
const freshDir = () => {
  const made = mkdtempSync(join(tmpdir(), "countersign-journal-"));
  dirs.push(made);
  return made;
};
beforeEach(() => {
  dir = freshDir();
});
afterEach(() => {
  for (const each of dirs.splice(0)) rmSync(each, { recursive: true, force: true });
});

/** What a process that starts on the directory would know. */
function stateOf(path: string): Map<string, unknown> {
  const state = new Map<string, unknown>();
  new Journal(path).read(([, , id, object]) => {
    if (object === null) state.delete(id);
    else state.set(id, object);
  });
  return state;
}

const change = (id: string, object: unknown): Change => ["mock", "things", id, object];
const files = (path: string) => readdirSync(path).filter((name) => name.endsWith(".jsonl"));
const size = (path: string) => files(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
const padding = "x".repeat(200);

function begun(options: ConstructorParameters<typeof Journal>[1] = {}): Journal {
  const journal = new Journal(dir, options);
  journal.compact([]);
  return journal;
}

test("it is compacted while it runs, and at every moment a crash would lose nothing", async () => {
  const journal = begun({ compactAfter: 4_000 });
  const truth = new Map<string, unknown>();
  let compacted = 0;
  let before = 0;
  for (let n = 0; n < 600; n += 1) {
    const id = `thing_${n % 40}`;
    const gone = n % 7 === 3;
    journal.append([change(id, gone ? null : { id, n, padding })]);
    if (gone) truth.delete(id);
    else truth.set(id, { id, n, padding });
    if (n % 10 === 0) {
      await new Promise((done) => setTimeout(done, n % 3));
      const copy = freshDir();
      cpSync(dir, copy, { recursive: true });
      expect(Object.fromEntries(stateOf(copy))).toEqual(Object.fromEntries(truth));
    }
    const now = size(dir);
    if (now < before) compacted += 1;
    before = now;
  }
  expect(compacted).toBeGreaterThan(0);
  expect(size(dir)).toBeLessThan(100_000); // 150,000 were written
  journal.close();
  expect(Object.fromEntries(stateOf(dir))).toEqual(Object.fromEntries(truth));
});

test("a crash between the new file and the removal of the old ones changes nothing", async () => {
  const journal = begun({ compactAfter: 1_000 });
  for (let n = 0; n < 4; n += 1) journal.append([change("a", { n, padding })]);
  const old = freshDir();
  cpSync(dir, old, { recursive: true });
  journal.append([change("a", { n: 4, padding })] /* starts to compact */);
  await eventually(() => files(dir).length === 2 && !files(dir).includes("provider.1.jsonl"));
  journal.append([change("a", { n: 5, padding })]);
  journal.close();
  cpSync(join(old, "provider.1.jsonl"), join(dir, "provider.1.jsonl"));
  expect(stateOf(dir).get("a")).toMatchObject({ n: 5 });
});

test("objects keep the order in which they were made", async () => {
  const journal = begun({ compactAfter: 2_000 });
  for (let n = 0; n < 60; n += 1) journal.append([change(`thing_${n % 9}`, { n, padding })]);
  await eventually(() => files(dir).length <= 2);
  journal.close();
  expect([...stateOf(dir).keys()]).toEqual(Array.from({ length: 9 }, (_, n) => `thing_${n}`));
});

test("a torn last line is as if it never was, in every file", () => {
  const journal = begun();
  journal.append([change("a", { n: 1 })]);
  journal.close();
  for (const name of files(dir)) appendFileSync(join(dir, name), '[["mock","things","b",{"n"');
  expect([...stateOf(dir).keys()]).toEqual(["a"]);
  const next = new Journal(dir);
  next.compact([[change("a", { n: 1 })]]);
  next.append([change("c", { n: 3 })]);
  next.close();
  expect([...stateOf(dir).keys()]).toEqual(["a", "c"]);
});

test("damage elsewhere is told with the file's name", () => {
  writeFileSync(join(dir, "provider.jsonl"), "[[\n[]\n");
  expect(() => stateOf(dir)).toThrow(/provider\.jsonl is damaged: restore it, or move it away/);
});

test("one that is closed in the midst of compacting leaves all there", async () => {
  const journal = begun({ compactAfter: 1_000 });
  for (let n = 0; n < 20; n += 1) journal.append([change(`thing_${n}`, { n, padding })]);
  journal.close();
  await new Promise((done) => setTimeout(done, 100));
  expect(stateOf(dir).size).toBe(20);
  expect(readdirSync(dir).filter((name) => name.endsWith(".new"))).toEqual([]);
});
