import { oneLine, plain } from "../markup.ts";
import { given, type Block } from "./blocks.ts";

/** A mail's text part. */
export const renderText = (blocks: readonly Block[]): string =>
  `${blocks
    .map(textOf)
    .filter((text) => text !== "")
    .join("\n\n")}\n`;

function textOf(block: Block): string {
  switch (block.kind) {
    case "heading":
      return oneLine(block.text).toUpperCase();
    case "amount":
      return `${block.amount}\n${oneLine(block.purpose)}`;
    case "paragraph":
      return plain(block.text);
    case "facts":
      return given(block.rows)
        .map(([label, value]) => `${label}: ${plain(value).trim().replace(/\n/g, "\n  ")}`)
        .join("\n");
    case "quote":
      return `${oneLine(block.by)} wrote:\n${plain(block.text).trim().replace(/^/gm, "> ")}`;
    case "items":
      return [
        ...block.rows.map(
          (row) => `- ${row.quantity} × ${oneLine(row.name)}, ${row.each} each: ${row.total}`,
        ),
        `Total: ${block.total}`,
      ].join("\n");
    case "steps":
      return [
        block.title,
        ...given(block.rows).map(([when, what]) => `- ${oneLine(when)}: ${oneLine(what, 400)}`),
      ].join("\n");
    case "button":
      return `${block.label}:\n${block.link}`;
    case "footnote":
      return `-- \n${plain(block.text)}`;
  }
}
