import { oneLine } from "./markup.ts";

/** What a server reports of a mail that it had taken. */
export interface DeliveryReport {
  /** False: it is late, and the server keeps trying. */
  permanent: boolean;
  /** RFC 3463, such as `5.1.1`. */
  status: string;
  /** What the refusing server said, on one line. */
  diagnostic: string;
}

/** Characters; whatever is longer is no server's answer. */
const MOST_READ = 4_000;

/** The status in a text, if there is one. */
export const statusIn = (text: string): string | null =>
  /\b[245]\.\d{1,3}\.\d{1,3}\b/.exec(text.slice(0, MOST_READ))?.[0] ?? null;

/** A server's words on one line. Some charsets decode to halves of surrogate pairs, which could not be stored. */
export const shown = (said: string): string => oneLine(said.slice(0, MOST_READ).toWellFormed(), 400);
