import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { orderStatesDiagram } from "../../src/domain/order-transitions.ts";
import { DOCS, PAGES, snippetsOf } from "./snippets.ts";

const BEGIN = "<!-- begin of the state diagram -->";
const END = "<!-- end of the state diagram -->";

test("the state diagram of the visual guide is drawn from the table", async () => {
  const file = join(DOCS, "visual-guide.md");
  const [before = "", rest = ""] = (await readFile(file, "utf8")).split(BEGIN);
  const [shown = "", after = ""] = rest.split(END);
  const drawn = `\n\n\`\`\`mermaid\n${orderStatesDiagram()}\n\`\`\`\n\n`;
  // `UPDATE_DOCS=1 npx vitest run test/docs/diagrams.test.ts` writes it.
  if (process.env["UPDATE_DOCS"]) await writeFile(file, `${before}${BEGIN}${drawn}${END}${after}`);
  else expect(shown).toBe(drawn);
});

test("every diagram names each participant and box that its arrows use", () => {
  for (const { page, line, text } of PAGES.flatMap(snippetsOf).filter(
    ({ language }) => language === "mermaid",
  )) {
    const [kind] = text.trimStart().split(/\s/, 1);
    expect(["sequenceDiagram", "stateDiagram-v2", "flowchart"], `${page}:${line}`).toContain(kind);
    if (kind !== "sequenceDiagram") continue;
    const known = new Set([...text.matchAll(/participant (\w+)/g)].map(([, name]) => name));
    const used = [...text.matchAll(/^\s*(\w+)-{1,2}>>(\w+):/gm)].flatMap(([, from, to]) => [from, to]);
    expect(
      used.filter((name) => !known.has(name)),
      `${page}:${line}`,
    ).toEqual([]);
    expect(used.length).toBeGreaterThan(0);
  }
});

test("every link between the pages leads somewhere", async () => {
  const broken: string[] = [];
  for (const page of [...PAGES, "../CONTRIBUTING.md"]) {
    const text = await readFile(join(DOCS, page), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\(((?!https?:|#|mailto:)[^)#\s]+)/g))
      if (!existsSync(join(DOCS, page, "..", target))) broken.push(`${page}: ${target}`);
  }
  expect(broken).toEqual([]);
});
