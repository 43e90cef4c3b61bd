import { oneLine } from "../markup.ts";
import type { Block } from "./blocks.ts";
import { renderHtml } from "./html-part.ts";
import { renderText } from "./text-part.ts";

export interface MailContent {
  subject: string;
  text: string;
  html: string;
}

/** The mail that these blocks make. */
export const mailContent = (subject: string, blocks: readonly Block[]): MailContent => ({
  subject: oneLine(subject, 160),
  text: renderText(blocks),
  html: renderHtml(oneLine(subject, 160), blocks),
});
