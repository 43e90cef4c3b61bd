import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/** A secret of the operator's, and the name under which what it seals can be opened. */
export interface SealKey {
  version: string;
  secret: string;
}

/** Encrypts texts for the database. */
export interface Seal {
  /** `owner` is bound in: the same text in another row does not open. */
  close(text: string, owner: string): string;
  /** @throws SealBroken when no key of ours opens it */
  open(sealed: string, owner: string): string;
  /** Whether it was closed with the first key, which closes from now on. */
  isCurrent(sealed: string): boolean;
}

/** What was sealed with a key that is not configured any more, or was changed since. */
export class SealBroken extends Error {
  override readonly name = "SealBroken";
  readonly code = "seal_broken";
}

/** What is sealed, which is bound into the keys, and the setting that holds these. */
export interface SealUse {
  info: string;
  setting: string;
}

const SECRETS: SealUse = { info: "countersign webhook endpoint secrets", setting: "LINK_SECRETS" };

/**
 * AES-256-GCM, with keys derived from the operator's secrets (HKDF-SHA-256, RFC 5869). The first one closes, all of them
 * open. Sealed: `version.nonce.text.tag`, in base64url.
 */
export function createSeal(
  keys: readonly [SealKey, ...SealKey[]],
  { info, setting }: SealUse = SECRETS,
): Seal {
  const derived = new Map(
    keys.map(({ version, secret }) => [version, Buffer.from(hkdfSync("sha256", secret, "", info, 32))]),
  );
  const [{ version: current }] = keys;
  const keyOf = (version: string): Buffer => {
    const key = derived.get(version);
    if (!key) throw new SealBroken(`${setting}: the version ${version} is needed, and is not there`);
    return key;
  };
  return {
    close(plain, owner) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", keyOf(current), nonce).setAAD(Buffer.from(owner));
      const text = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
      return [current, ...[nonce, text, cipher.getAuthTag()].map((part) => part.toString("base64url"))].join(
        ".",
      );
    },
    open(sealed, owner) {
      const [version = "", ...parts] = sealed.split(".");
      const [nonce, text, tag] = parts.map((part) => Buffer.from(part, "base64url"));
      const key = keyOf(version);
      try {
        if (!nonce || !text || tag?.length !== 16) throw new Error("a part is missing");
        const cipher = createDecipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(owner)).setAuthTag(tag);
        return cipher.update(text, undefined, "utf8") + cipher.final("utf8");
      } catch (error) {
        throw new SealBroken(`${setting}: the version ${version} was another when this was stored`, {
          cause: error,
        });
      }
    },
    isCurrent: (sealed) => sealed.startsWith(`${current}.`),
  };
}
