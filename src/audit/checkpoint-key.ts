import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  checkpointHash,
  statementBytes,
  type CheckpointStatement,
  type SignedCheckpoint,
} from "../domain/audit-checkpoint.ts";
import { AppError } from "../errors.ts";

/** A key that signs checkpoints. */
export interface CheckpointKey {
  /** 32 bytes, base64url, as in the statements. */
  public: string;
  private: KeyObject;
}

/** SubjectPublicKeyInfo of Ed25519 (RFC 8410) up to the key itself. */
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

/** The 32 bytes of an Ed25519 public key as base64url; null for a key of another kind. */
export function rawPublicKey(key: KeyObject): string | null {
  if (key.asymmetricKeyType !== "ed25519") return null;
  return key.export({ format: "der", type: "spki" }).subarray(SPKI.length).toString("base64url");
}

/** @returns null when this is not 32 bytes in base64url */
export function publicKeyOf(raw: string): KeyObject | null {
  const bytes = Buffer.from(raw, "base64url");
  if (bytes.length !== 32 || bytes.toString("base64url") !== raw) return null;
  return createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: "der", type: "spki" });
}

/** The PEM of a public key, such as `openssl pkey -pubin` reads it. */
export const publicKeyPem = (raw: string): string =>
  String(publicKeyOf(raw)?.export({ format: "pem", type: "spki" }) ?? "");

export function signCheckpoint(statement: CheckpointStatement, key: CheckpointKey): SignedCheckpoint {
  const signature = sign(null, statementBytes(statement), key.private).toString("base64url");
  return { ...statement, hash: checkpointHash(statement), signature };
}

/** Whether hash and signature are right, by the key that it names. Whether that key is to be trusted is another question. */
export function isSigned(checkpoint: SignedCheckpoint): boolean {
  const key = publicKeyOf(checkpoint.key);
  return (
    key !== null &&
    checkpointHash(checkpoint) === checkpoint.hash &&
    verify(null, statementBytes(checkpoint), key, Buffer.from(checkpoint.signature, "base64url"))
  );
}

const PEM = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g;

/**
 * The private keys of a file, in PKCS #8 PEM: the last one signs, and those above it are former ones, which sign nothing but their
 * successor. @throws AppError `invalid_request` with the remedy
 */
export function parseKeys(text: string, name: string): CheckpointKey[] {
  const keys = (text.match(PEM) ?? []).map((pem) => {
    try {
      const key = createPrivateKey(pem);
      return { public: rawPublicKey(createPublicKey(key)), private: key };
    } catch {
      return { public: null, private: null };
    }
  });
  const sound = keys.flatMap((key) =>
    key.public !== null && key.private !== null ? [{ public: key.public, private: key.private }] : [],
  );
  if (sound.length === 0 || sound.length < keys.length)
    throw new AppError(
      "invalid_request",
      `CHECKPOINT_KEY_FILE: ${name} should hold Ed25519 private keys in PEM; make one with openssl genpkey -algorithm ed25519`,
    );
  return sound;
}

/** The keys of CHECKPOINT_KEY_FILE; without it, for development, one that is made once and kept in the data directory. */
export async function loadKeys(file: string | null, dataDir: string): Promise<CheckpointKey[]> {
  const name = file ?? join(dataDir, "checkpoint-key.pem");
  if (file === null) await makeKey(name, dataDir);
  const text = await readFile(name, "utf8").catch((error: unknown) => {
    throw new AppError(
      "invalid_request",
      `CHECKPOINT_KEY_FILE: ${name} cannot be read; name a file that exists`,
      {
        cause: error,
      },
    );
  });
  return parseKeys(text, name);
}

async function makeKey(name: string, dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const { privateKey } = generateKeyPairSync("ed25519");
  try {
    await writeFile(name, privateKey.export({ format: "pem", type: "pkcs8" }), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
