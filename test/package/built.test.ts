import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isCurrent } from "../../bin/run.js";
import { noted, noting, type Sources } from "../../scripts/build/sources.ts";

/** A checkout of two modules and one migration, and what was built of it. */
let root: string;
let built: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "countersign-built-"));
  built = join(root, "dist");
  await mkdir(join(root, "migrations"));
  await write("main.ts", `import { price } from "./price.ts"; console.log(price);`);
  await write("price.ts", "export const price: number = 5;");
  await write("migrations/0001.sql", "select 1;");
  const sources: Sources = { files: {}, folders: ["migrations"] };
  await build({
    ...{ absWorkingDir: root, entryPoints: ["main.ts"], outdir: built, bundle: true, format: "esm" },
    plugins: [noting(root, sources.files)],
  });
  await noted(root, sources.files, join(root, "migrations/0001.sql"));
  await write("dist/sources.json", JSON.stringify(sources));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const write = (path: string, text: string) => writeFile(join(root, path), text);

test("what was built of the sources that are here runs in their place", () => {
  expect(isCurrent(root, built)).toBe(true);
});

test("an edited file is what runs, also one that looks older than what was built", async () => {
  await write("price.ts", "export const price: number = 6;");
  await utimes(join(root, "price.ts"), new Date(0), new Date(0));
  expect(isCurrent(root, built)).toBe(false);
});

test("an edit that is taken back, or a file that is only touched, needs no other build", async () => {
  await write("price.ts", "export const price: number = 6;");
  await write("price.ts", "export const price: number = 5;");
  expect(isCurrent(root, built)).toBe(true);
});

test("a file that is gone is no longer in what runs", async () => {
  await rm(join(root, "price.ts"));
  expect(isCurrent(root, built)).toBe(false);
});

test("another migration beside those that were taken is not left out", async () => {
  await write("migrations/0002.sql", "select 2;");
  expect(isCurrent(root, built)).toBe(false);
});

test("a file that is edited while it is built is another than what was built", async () => {
  const files: Sources["files"] = {};
  await build({
    ...{ absWorkingDir: root, entryPoints: ["main.ts"], outdir: built, bundle: true, format: "esm" },
    plugins: [
      noting(root, files),
      {
        name: "edit",
        setup: (it) => it.onEnd(() => write("price.ts", "export const price: number = 6;")),
      },
    ],
  });
  await write("dist/sources.json", JSON.stringify({ files, folders: [] }));
  expect(isCurrent(root, built)).toBe(false);
});

test("without a build, or with half of one, the sources run", async () => {
  await write("dist/sources.json", `{"files":`);
  expect(isCurrent(root, built)).toBe(false);
  await rm(built, { recursive: true });
  expect(isCurrent(root, built)).toBe(false);
});
