import { readFile } from "node:fs/promises";
import { extname, relative, sep } from "node:path";
import type { Loader, Plugin } from "esbuild";
import { hashOf } from "../../bin/run.js";

/** What a build was made of, for `bin/run.js`, which runs it while all of this is still so. */
export interface Sources {
  /** By path from the package's folder: what the content hashes to. */
  files: Record<string, string>;
  /** Those of which every file was taken. */
  folders: string[];
}

const LOADERS: Record<string, Loader> = { ".ts": "ts", ".json": "json", ".js": "js" };

/** Notes the very bytes that the build reads: a file that is edited meanwhile is another file than what was built. */
export function noting(root: string, files: Sources["files"]): Plugin {
  return {
    name: "sources",
    setup(build) {
      build.onLoad({ filter: /.*/, namespace: "file" }, async ({ path }) => {
        const loader = LOADERS[extname(path)];
        if (!loader) throw new Error(`${path}: say in scripts/build/sources.ts how it is loaded`);
        return { contents: await noted(root, files, path), loader };
      });
    },
  };
}

/** Reads a file and notes what it read. */
export async function noted(root: string, files: Sources["files"], path: string): Promise<Buffer> {
  const content = await readFile(path);
  const name = relative(root, path).split(sep).join("/");
  files[name] = hashOf(content);
  return content;
}
