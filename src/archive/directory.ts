import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ArchiveStore } from "./store.ts";

/** A store in a local or mounted directory. */
export const createDirectoryStore = (directory: string): ArchiveStore => ({
  async put(name, content) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    // Under another name until it is whole, so that a kill leaves no half of a file behind.
    const unfinished = `${path}.${process.pid}.part`;
    const file = await open(unfinished, "w", 0o640);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
    const folder = await open(dirname(path));
    await folder.sync().finally(() => folder.close());
  },
  get: (name) =>
    readFile(join(directory, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return null;
      throw error;
    }),
});
