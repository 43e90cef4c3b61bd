import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const DOCS = resolve(import.meta.dirname, "../../docs");

export interface Snippet {
  /** Such as `docs/client.md`. */
  page: string;
  /** Of its fence, from 1. */
  line: number;
  language: string;
  text: string;
}

/** The fenced blocks of a page, also those within lists, without their indentation. */
export function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(join(DOCS, page), "utf8");
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)].map(
    ({ index, 1: indent = "", 2: language = "", 3: inside = "" }) => ({
      page: `docs/${page}`,
      line: text.slice(0, index).split("\n").length,
      language,
      text: inside.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    }),
  );
}

export const PAGES: string[] = readdirSync(DOCS).filter((name) => name.endsWith(".md"));
