import type { ArchiveConfig } from "../config.ts";
import { createDirectoryStore } from "./directory.ts";
import { createS3Store } from "./s3.ts";

/** Where archived trails are kept. Names are paths with `/`; a file of one name is never changed to other content. */
export interface ArchiveStore {
  /** Resolves once the file would survive a power cut. Written again with the same content it is the same file. */
  put(name: string, content: Buffer): Promise<void>;
  /** Null when there is no such file. */
  get(name: string): Promise<Buffer | null>;
}

/** Opens the store that the configuration names. */
export const openArchiveStore = ({ location, s3 }: ArchiveConfig): ArchiveStore =>
  s3 ? createS3Store(s3) : createDirectoryStore(location);
