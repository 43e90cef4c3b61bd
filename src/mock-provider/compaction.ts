import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { changesOf, lineOf, type Change } from "./journal-line.ts";

const WRITE_AT_ONCE = 256 * 1024;

/**
 * Writes into `output` what journal files say, read one after the other: each object once, in its newest form, in the
 * order in which they were made. Reads and writes piece by piece, so that requests are answered meanwhile.
 */
export async function compactFiles(inputs: string[], output: string, signal: AbortSignal): Promise<void> {
  const newest = new Map<string, Change>();
  for (const input of inputs) {
    for await (const text of wholeLines(input, signal)) {
      for (const change of changesOf(text, input)) {
        const [account, kind, id, object] = change;
        const key = `${account}\n${kind}\n${id}`;
        if (object === null) newest.delete(key);
        else newest.set(key, change);
      }
    }
  }
  const file = await open(output, "w", 0o600);
  try {
    let text = "";
    for (const change of newest.values()) {
      text += lineOf([change]);
      if (text.length < WRITE_AT_ONCE) continue;
      signal.throwIfAborted();
      await file.writeFile(text);
      text = "";
    }
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The file's lines that have an end; a torn last one is as if it never was. */
async function* wholeLines(path: string, signal: AbortSignal): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of createReadStream(path, { signal })) {
    const lines = (rest + decoder.write(chunk as Buffer)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
