import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { compactFiles } from "./compaction.ts";
import { changesOf, lineOf, type Change } from "./journal-line.ts";

export type { Change } from "./journal-line.ts";

export interface JournalOptions {
  /** How much may be appended before it is compacted, in bytes; more when the journal itself is larger. */
  compactAfter?: number;
  /** Told when compacting fails: the journal goes on, and grows. */
  warn?: (error: unknown) => void;
}

const COMPACT_AFTER = 16 * 1024 * 1024;

/**
 * An append-only file of JSON lines, one line per request: all of a request's changes or none. A line is handed to the
 * operating system before the request is answered, so a killed process loses nothing that anybody was told.
 *
 * `provider.jsonl` holds what was true when it was last compacted, `provider.N.jsonl` what came after, in the order of N.
 * Compacting makes a new `provider.jsonl` of all that no more is appended to, and then removes the numbered ones, lowest
 * first. Each change gives an object's whole new form, so after a crash in the midst of that, whatever is read twice ends
 * in the same state.
 */
export class Journal {
  readonly #dir: string;
  readonly #base: string;
  readonly #options: JournalOptions;
  #tail: { file: number; size: number } | null = null;
  #baseSize = 0;
  /** Lines that could not be written, as on a full disk; they precede the next. */
  #unwritten = "";
  #compacting: AbortController | null = null;

  constructor(dataDir: string, options: JournalOptions = {}) {
    mkdirSync(dataDir, { recursive: true });
    this.#dir = dataDir;
    this.#base = join(dataDir, "provider.jsonl");
    this.#options = options;
  }

  /** Every change in order. A torn last line, from a kill in mid-write, is as if it never was. */
  read(apply: (change: Change) => void): void {
    for (const path of [this.#base, ...this.#numbers().map((number) => this.#path(number))]) {
      if (!existsSync(path)) continue;
      const bytes = readFileSync(path);
      for (let from = 0, end = bytes.indexOf(10); end >= 0; from = end + 1, end = bytes.indexOf(10, from)) {
        for (const change of changesOf(bytes.toString("utf8", from, end), path)) apply(change);
      }
    }
  }

  /** Replaces all by one file that holds only what is true now, and begins to append after it. */
  compact(lines: Iterable<readonly Change[]>): void {
    for (const name of readdirSync(this.#dir)) {
      if (/^provider\..*\.new$/.test(name)) rmSync(join(this.#dir, name), { force: true });
    }
    const fresh = `${this.#base}.new`;
    const file = openSync(fresh, "w", 0o600);
    for (const changes of lines) writeAll(file, lineOf(changes));
    fsyncSync(file);
    closeSync(file);
    const numbers = this.#numbers();
    this.#replaceBase(fresh, numbers);
    this.#begin((numbers.at(-1) ?? 0) + 1);
  }

  append(changes: readonly Change[]): void {
    const tail = this.#tail;
    if (tail === null) throw new Error("the journal is not open");
    this.#unwritten += lineOf(changes);
    try {
      tail.size += writeAll(tail.file, this.#unwritten);
    } catch (error) {
      // What is half written must not tear the lines after it.
      ftruncateSync(tail.file, tail.size);
      throw error;
    }
    this.#unwritten = "";
    const { compactAfter = COMPACT_AFTER } = this.#options;
    if (this.#compacting === null && tail.size >= Math.max(compactAfter, this.#baseSize)) void this.#shrink();
  }

  close(): void {
    this.#compacting?.abort();
    if (this.#tail !== null) closeSync(this.#tail.file);
    this.#tail = null;
  }

  /** Compacts what there is while new lines go elsewhere. */
  async #shrink(): Promise<void> {
    const stop = new AbortController();
    this.#compacting = stop;
    const numbers = this.#numbers();
    const last = numbers.at(-1) ?? 0;
    const fresh = join(this.#dir, `provider.${last}.new`);
    try {
      this.#begin(last + 1);
      const inputs = [this.#base, ...numbers.map((number) => this.#path(number))];
      await compactFiles(inputs, fresh, stop.signal);
      // Once closed, the files may be another process's.
      if (!stop.signal.aborted) this.#replaceBase(fresh, numbers);
    } catch (error) {
      if (!stop.signal.aborted) this.#options.warn?.(error);
    } finally {
      rmSync(fresh, { force: true });
      this.#compacting = null;
    }
  }

  #begin(number: number): void {
    const file = openSync(this.#path(number), "a", 0o600);
    if (this.#tail !== null) closeSync(this.#tail.file);
    this.#tail = { file, size: 0 };
  }

  /** The new base takes effect at once; what it replaces goes lowest first, so that the newest form stays the last read. */
  #replaceBase(fresh: string, numbers: number[]): void {
    renameSync(fresh, this.#base);
    this.#baseSize = statSync(this.#base).size;
    for (const number of numbers) rmSync(this.#path(number), { force: true });
  }

  #path(number: number): string {
    return join(this.#dir, `provider.${number}.jsonl`);
  }

  #numbers(): number[] {
    return readdirSync(this.#dir)
      .flatMap((name) => /^provider\.(\d+)\.jsonl$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }
}

/** @returns how many bytes that were */
function writeAll(file: number, text: string): number {
  const bytes = Buffer.from(text, "utf8");
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
  return bytes.length;
}
