import picocolors from "picocolors";
import type { AuditEntry } from "../domain/audit-entry.ts";
import { entryText } from "../audit/sentences.ts";
import { toneOf } from "../audit/tone.ts";

const ACTOR_WIDTH = 24;
/**
 * One entry as a line for people, without a line break: seq, time (UTC), who, and what happened. `width` cuts it to the
 * terminal.
 */
export function trailLine(entry: AuditEntry, { color, width }: { color: boolean; width?: number }): string {
  const c = picocolors.createColors(color);
  const seq = `#${entry.seq}`.padStart(4);
  const time = entry.at.slice(0, 23).replace("T", " ");
  const actor = plain(actorText(entry)).padEnd(ACTOR_WIDTH);
  const left = `${seq}  ${time}  ${actor}  `.length;
  const text = cut(
    plain(entryText(entry.type, entry.data)),
    width === undefined ? Infinity : Math.max(10, width - left),
  );
  const tints = { good: c.green, bad: c.red, waiting: c.yellow, plain: String };
  const tint = tints[toneOf(entry.type)];
  return `${c.dim(seq)}  ${c.dim(time)}  ${c.cyan(actor)}  ${tint(text)}`;
}

const actorText = ({ actor }: AuditEntry): string =>
  actor.type === "system" || actor.type === actor.id ? actor.type : `${actor.type} ${actor.id}`;

/** Without what could steer a terminal: the text of comments and notes is other people's. */
const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trimEnd();

const cut = (text: string, width: number): string => {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join("")}…`;
};
