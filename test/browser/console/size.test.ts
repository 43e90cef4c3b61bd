import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const BUILT = resolve(import.meta.dirname, "../../../dist/console");

/** Of the script that every page needs before it shows anything. */
const MOST_BYTES = 300_000;

const built = (path: string): Buffer => readFileSync(join(BUILT, path));

/** The page's script and all that it imports at once; what is imported later is loaded by the page that needs it. */
function firstScripts(): string[] {
  const found = new Set<string>();
  const add = (path: string) => {
    if (found.has(path)) return;
    found.add(path);
    const text = built(path).toString("utf8");
    for (const [, name = ""] of text.matchAll(/(?:^|;)import(?:[^"'();]*from)?["']\.\/([^"']+)["']/g))
      add(join("assets", name));
  };
  for (const [, path = ""] of built("index.html")
    .toString("utf8")
    .matchAll(/(?:src|href)="\/([^"]+\.js)"/g))
    add(path);
  return [...found];
}

test("the first load is under 300 kB of compressed script", () => {
  const scripts = firstScripts();
  expect(scripts.length).toBeGreaterThan(0);
  const bytes = scripts.reduce((sum, path) => sum + gzipSync(built(path)).length, 0);
  console.log(`first load: ${(bytes / 1_000).toFixed(0)} kB of compressed script in ${scripts.length} files`);
  expect(bytes).toBeLessThan(MOST_BYTES);
});

test("nothing on the page comes from elsewhere, and no script is in it", () => {
  const page = built("index.html").toString("utf8");
  expect(
    [...page.matchAll(/(?:src|href)="([^"]*)"/g)]
      .map(([, url = ""]) => url)
      .filter((url) => !url.startsWith("/")),
  ).toEqual([]);
  expect([...page.matchAll(/<script[^>]*>([^<]+)<\/script>/g)]).toEqual([]);
});
