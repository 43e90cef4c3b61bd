import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { missingFor, type Given, type Remedies } from "./remedies.ts";
import { amountOf, url, type Values } from "./values.ts";

// Where the trails of old orders go.

export const archiveSettings = {
  ARCHIVE_AFTER_DAYS: amountOf("days", 1, 36_500).int("write whole days, from 1 to 36500").optional(),
  ARCHIVE_URL: url(["file:", "s3:"]).optional(),
  ARCHIVE_S3_ENDPOINT: url(["https:", "http:"]).optional(),
  ARCHIVE_S3_REGION: z.string().min(1).default("us-east-1"),
  ARCHIVE_S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  ARCHIVE_S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
};

/** Where old orders' trails go. */
export interface ArchiveConfig {
  /** How long after its last change an order is archived; null: never. What is archived can still be read. */
  afterDays: number | null;
  /** A directory, for files. */
  location: string;
  /** A bucket instead. */
  s3: {
    endpoint: string;
    region: string;
    accessKeyId: string;
    secretAccessKey: string;
    prefix: string;
  } | null;
}

type Raw = Values<typeof archiveSettings>;

export const archiveConfig = (raw: Raw, dataDir: string): { archive: ArchiveConfig } => ({
  archive: {
    afterDays: raw.ARCHIVE_AFTER_DAYS ?? null,
    location: raw.ARCHIVE_URL?.startsWith("file:")
      ? fileURLToPath(raw.ARCHIVE_URL)
      : resolve(dataDir, "archive"),
    s3: raw.ARCHIVE_URL?.startsWith("s3:") ? bucketOf(raw.ARCHIVE_URL, raw) : null,
  },
});

/** `s3://BUCKET/PREFIX`, at AWS or at another endpoint. */
function bucketOf(text: string, raw: Raw): ArchiveConfig["s3"] {
  const { hostname: bucket, pathname } = new URL(text);
  const region = raw.ARCHIVE_S3_REGION;
  const endpoint = raw.ARCHIVE_S3_ENDPOINT ?? `https://s3.${region}.amazonaws.com`;
  return {
    endpoint: `${endpoint.replace(/\/+$/, "")}/${bucket}`,
    region,
    accessKeyId: raw.ARCHIVE_S3_ACCESS_KEY_ID ?? "",
    secretAccessKey: raw.ARCHIVE_S3_SECRET_ACCESS_KEY ?? "",
    prefix: pathname.replace(/^\/+|\/+$/g, ""),
  };
}

const S3: Remedies = [
  ["ARCHIVE_S3_ACCESS_KEY_ID", "set the id of a key that may read and write the bucket"],
  ["ARCHIVE_S3_SECRET_ACCESS_KEY", "set its secret"],
];

export const archiveRefusals = (given: Given): string[] =>
  given["ARCHIVE_URL"]?.startsWith("s3:") ? missingFor(S3, given, "ARCHIVE_URL is a bucket") : [];
