import { createReadStream } from "node:fs";
import { createPublicKey } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { rawPublicKey } from "../audit/checkpoint-key.ts";
import { readLines } from "../audit/lines.ts";
import { AppError } from "../errors.ts";

const unreadable = (path: string, what: string, cause: unknown): AppError => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "not what it should be";
  return new AppError("invalid_request", `${path} cannot be read (${code}); name ${what}`, { cause });
};

/** The lines of a file. @throws AppError with the remedy when it cannot be read */
export async function* linesOf(path: string, what: string): AsyncGenerator<string> {
  try {
    yield* readLines(createReadStream(path));
  } catch (error) {
    if (error instanceof AppError || !(error instanceof Error && "code" in error)) throw error;
    throw unreadable(path, what, error);
  }
}

const CHECKPOINTS = "files of CHECKPOINT_DIR, that directory, or proofs from GET /v1/orders/ID/audit/proof";

/** The lines of checkpoints' files; of a directory all of them, in the order of their names. */
export async function* checkpointLinesOf(paths: readonly string[]): AsyncGenerator<string> {
  for (const path of paths) {
    const found = await stat(path).catch((error: unknown) => {
      throw unreadable(path, CHECKPOINTS, error);
    });
    const names = found.isDirectory()
      ? (await readdir(path)).filter((name) => name.endsWith(".ndjson")).sort()
      : null;
    for (const file of names?.map((name) => join(path, name)) ?? [path]) yield* itemsOf(file);
  }
}

/** A file holds a line for each item, or one item that somebody has laid out over many lines. */
async function* itemsOf(file: string): AsyncGenerator<string> {
  let first = true;
  for await (const line of linesOf(file, CHECKPOINTS)) {
    if (first && line.trim() === "{") {
      const whole: unknown = JSON.parse(await readFile(file, "utf8"));
      yield JSON.stringify(whole);
      return;
    }
    first = false;
    yield line;
  }
}

const published = z.object({ keys: z.array(z.object({ key: z.string() })) });

/** The public keys of a file: PEM, or what GET /.well-known/countersign-audit.json gives. */
export async function publicKeysOf(path: string): Promise<string[]> {
  const what = "a public key in PEM, or what /.well-known/countersign-audit.json gives";
  try {
    const text = await readFile(path, "utf8");
    if (text.trimStart().startsWith("{")) return published.parse(JSON.parse(text)).keys.map(({ key }) => key);
    const blocks = text.match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g) ?? [];
    const keys = blocks.map((pem) => rawPublicKey(createPublicKey(pem)));
    if (keys.length === 0 || keys.includes(null)) throw new Error("no Ed25519 key");
    return keys.flatMap((key) => key ?? []);
  } catch (error) {
    throw unreadable(path, what, error);
  }
}
