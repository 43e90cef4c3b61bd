import { S3mini } from "s3mini";
import type { ArchiveStore } from "./store.ts";

export interface S3Options {
  /** With the bucket as its path: `https://s3.eu-central-1.amazonaws.com/trails`. */
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Before every name, without a slash at its end; may be empty. */
  prefix: string;
}

const TIMEOUT_MS = 30_000;

/** A store in a bucket of S3, or of anything that speaks its API. */
export function createS3Store({ prefix, ...access }: S3Options): ArchiveStore {
  const bucket = new S3mini({ ...access, requestAbortTimeout: TIMEOUT_MS });
  const keyOf = (name: string) => (prefix === "" ? name : `${prefix}/${name}`);
  return {
    async put(name, content) {
      await bucket.putObject(keyOf(name), content, "application/x-ndjson");
    },
    async get(name) {
      const content = await bucket.getObjectArrayBuffer(keyOf(name));
      return content === null ? null : Buffer.from(content);
    },
  };
}
