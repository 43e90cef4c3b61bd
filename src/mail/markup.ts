/**
 * HTML that is safe to send: made only by the `markup` tag, which escapes every value that is not itself `Html`.
 * Mails and pages are built from it, so that forgetting to escape is not possible.
 */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type Fragment = Html | string | number | null | undefined | false | readonly Fragment[];

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** C0 and C1 controls but tab and newline, invisible fillers, and marks that turn the direction of what follows (UTR #36). */
const DECEPTIVE = /[^\P{Cc}\t\n]|[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** Text of others without what could make it read differently from what it is. Line breaks stay. */
export const plain = (text: string): string =>
  text.replace(/\r\n?|[\u0085\u2028\u2029]/g, "\n").replace(DECEPTIVE, "");

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The same on one line, cut to `max` characters as people count them. */
export function oneLine(text: string, max = 200): string {
  const line = plain(text).replace(/\s+/g, " ").trim();
  if (line.length <= max) return line;
  const shown = Array.from(graphemes.segment(line), (part) => part.segment);
  return shown.length <= max ? line : `${shown.slice(0, max - 1).join("")}…`;
}

const escaped = (text: string): string => plain(text).replace(/[&<>"']/g, (char) => ENTITIES[char] ?? "");

function rendered(value: Fragment): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(rendered).join("");
  return escaped(String(value));
}

/** `markup\`<b>${name}</b>\``: values are escaped, `Html` and lists of it are taken as they are, nothing shows nothing. */
export const markup = (parts: TemplateStringsArray, ...values: Fragment[]): Html =>
  new Html(parts.reduce((text, part, i) => text + rendered(values[i - 1]) + part));

/** Constant markup of our own, such as a style sheet. Never for text that came from outside. */
export const trusted = (text: string): Html => new Html(text);
