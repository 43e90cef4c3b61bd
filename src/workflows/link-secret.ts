import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LinkSecret } from "../domain/approval-token.ts";

/** The secret that signs links, for development: made once and kept in the data directory, so that mailed links survive. */
export async function ownLinkSecret(dataDir: string): Promise<LinkSecret> {
  const file = join(dataDir, "link-secret");
  await mkdir(dataDir, { recursive: true });
  try {
    await writeFile(file, randomBytes(32).toString("hex"), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  return { version: "dev", secret: (await readFile(file, "utf8")).trim() };
}
