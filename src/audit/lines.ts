/** The lines of an NDJSON file; bytes that are not UTF-8 give a line that is no entry. Empty lines are skipped. */
export async function* readLines(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, Buffer.from(chunk)]);
    let start = 0;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, start)) {
      if (end > start) yield decode(rest.subarray(start, end));
      start = end + 1;
    }
    rest = rest.subarray(start);
    if (rest.length > LONGEST) break;
  }
  if (rest.length > 0) yield decode(rest);
}

const NEWLINE = 0x0a;
/** Longer than any entry: what follows is not read into memory. */
const LONGEST = 16 * 1024 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return "\ufffd";
  }
}
