import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const DOCS = resolve(import.meta.dirname, "../../docs");

/** The only page that is not in the folder. */
export const README = "README.md";

export interface Snippet {
  /** Such as `docs/client.md`, or `README.md`. */
  page: string;
  /** Of its fence, from 1. */
  line: number;
  language: string;
  text: string;
}

/** The fenced blocks of a page, also those within lists, without their indentation. */
export function snippetsOf(page: string): Snippet[] {
  const path = page === README ? README : `docs/${page}`;
  const text = readFileSync(join(DOCS, "..", path), "utf8");
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)].map(
    ({ index, 1: indent = "", 2: language = "", 3: inside = "" }) => ({
      page: path,
      line: text.slice(0, index).split("\n").length,
      language,
      text: inside.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    }),
  );
}

export const PAGES: string[] = readdirSync(DOCS).filter((name) => name.endsWith(".md"));
