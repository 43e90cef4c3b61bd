import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

const root = (folder: string): string =>
  existsSync(join(folder, "package.json")) ? folder : root(dirname(folder));

/** The package's folder, where fixtures and defaults are: whether the sources run, or what was built of them. */
export const PACKAGE = root(import.meta.dirname);

/** Of the release that runs, as package.json has it. */
export const VERSION = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"))).version;

/** Whether the sources run, not what was built of them. */
const FROM_SOURCES = import.meta.filename.endsWith(".ts");

/** What Node runs as the bundled provider: its arguments. */
export const providerEntry = (): string[] =>
  FROM_SOURCES
    ? ["--import", import.meta.resolve("tsx"), join(import.meta.dirname, "mock-provider/main.ts")]
    : [join(import.meta.dirname, "mock-provider.js")];
