import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** One change: account, kind, id, and the object's new form (`null`: gone). */
export type Change = readonly [account: string, kind: string, id: string, object: unknown];

const line = z.array(z.tuple([z.string(), z.string(), z.string(), z.unknown()]));

/**
 * An append-only file of JSON lines, one line per request: all of a request's changes or none. A line is handed to the
 * operating system before the request is answered, so a killed process loses nothing that anybody was told.
 */
export class Journal {
  readonly #path: string;
  #file: number | null = null;

  constructor(dataDir: string) {
    mkdirSync(dataDir, { recursive: true });
    this.#path = join(dataDir, "provider.jsonl");
  }

  /** Every change in order. A torn last line, from a kill in mid-write, is as if it never was. */
  read(apply: (change: Change) => void): void {
    if (!existsSync(this.#path)) return;
    const bytes = readFileSync(this.#path);
    for (let from = 0; from < bytes.length;) {
      const end = bytes.indexOf(10, from);
      if (end < 0) return;
      for (const change of line.parse(JSON.parse(bytes.toString("utf8", from, end)))) apply(change);
      from = end + 1;
    }
  }

  /** Replaces the file by one that holds only what is true now, and keeps it open for appending. */
  compact(lines: Iterable<readonly Change[]>): void {
    const fresh = `${this.#path}.new`;
    const file = openSync(fresh, "w", 0o600);
    for (const changes of lines) writeAll(file, `${JSON.stringify(changes)}\n`);
    fsyncSync(file);
    closeSync(file);
    renameSync(fresh, this.#path);
    this.#file = openSync(this.#path, "a", 0o600);
  }

  append(changes: readonly Change[]): void {
    if (this.#file === null) throw new Error("the journal is not open");
    writeAll(this.#file, `${JSON.stringify(changes)}\n`);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
}
