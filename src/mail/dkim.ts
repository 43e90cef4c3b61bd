import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { AppError } from "../errors.ts";

/** How mails are signed (RFC 6376): rsa-sha256, relaxed/relaxed. */
export interface DkimKey {
  domainName: string;
  keySelector: string;
  /** PEM. */
  privateKey: string;
}

/** RFC 8301 (3.2) has verifiers refuse shorter ones. */
const LEAST_BITS = 1024;

/**
 * Reads the key that signs mails.
 * @throws AppError with the remedy: an unusable key would let mails go out without a signature
 */
export async function readDkimKey(dkim: {
  domain: string;
  selector: string;
  keyFile: string;
}): Promise<DkimKey> {
  const { domain, selector, keyFile } = dkim;
  const refuse = (remedy: string, cause?: unknown) =>
    new AppError("invalid_request", `DKIM_PRIVATE_KEY_FILE: ${keyFile} ${remedy}`, { cause });
  const privateKey = await readFile(keyFile, "utf8").catch((error: unknown) => {
    throw refuse("cannot be read; name a file that exists and that this user may read", error);
  });
  let key: KeyObject;
  try {
    key = createPrivateKey(privateKey);
  } catch (error) {
    throw refuse("holds no private key in PEM without a passphrase; make one: openssl genrsa 2048", error);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== "rsa" || bits < LEAST_BITS)
    throw refuse(`is not an RSA key of at least ${LEAST_BITS} bits; make one: openssl genrsa 2048`);
  return { domainName: domain, keySelector: selector, privateKey };
}

/** The DNS record under which receivers find the key: its name, and the text of its TXT. */
export const dkimRecord = ({
  domainName,
  keySelector,
  privateKey,
}: DkimKey): { name: string; txt: string } => ({
  name: `${keySelector}._domainkey.${domainName}`,
  txt: `v=DKIM1; k=rsa; p=${createPublicKey(privateKey).export({ type: "spki", format: "der" }).toString("base64")}`,
});
