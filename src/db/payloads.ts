import { createSeal, SealBroken, type SealKey, type Seal } from "../seal.ts";
import { AppError } from "../errors.ts";
import type { Pool } from "./pool.ts";

// What the engine's rows hold of messages, outcomes and events, encrypted where PAYLOAD_KEYS is set: {"sealed":"VERSION.…"}, so
// that it is JSON as before. Rows of both kinds are read at any time.

let seal: Seal | null = null;
let closes = false;

const USE = { info: "countersign engine payloads", setting: "PAYLOAD_KEYS" };
const PROBE = "probe";
const SEALED = /^\{"sealed":"([^"]+)"\}$/;

/** Whether any key is set. */
export const hasPayloadKeys = (): boolean => seal !== null;

/**
 * Reads and writes payloads with these keys from now on; the first one closes, unless nothing is to be closed.
 * @throws AppError when something may be stored that they do not open: a version is missing, or has another secret
 */
export async function usePayloadKeys(
  pool: Pool,
  { closes: closing, keys }: { closes: boolean; keys: SealKey[] },
): Promise<void> {
  const [first, ...others] = keys;
  const given = first ? createSeal([first, ...others], USE) : null;
  const { rows } = await pool.query<{ version: string; probe: string }>(
    "select version, probe from countersign.payload_keys order by version",
  );
  for (const { version, probe } of rows)
    try {
      if (!given) throw new SealBroken(`PAYLOAD_KEYS: the version ${version} is needed, and is not there`);
      given.open(probe, PROBE);
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      const remedy =
        "Payloads in the database may be encrypted with it. Set it as it was, put a new version before it, and run countersign reseal.";
      throw new AppError("invalid_request", `${error.message}. ${remedy}`, { cause: error });
    }
  closes = closing && given !== null;
  seal = given;
  if (closes && given && first)
    await pool.query(
      "insert into countersign.payload_keys (version, probe) values ($1, $2) on conflict do nothing",
      [first.version, given.close(PROBE, PROBE)],
    );
}

/** Nothing is under any version but the one that closes: the others are not needed any more. */
export const forgetPayloadKeys = (pool: Pool, current: string | null) =>
  pool.query("delete from countersign.payload_keys where version is distinct from $1", [current]);

/**
 * @param text JSON
 * @param owner what the text belongs to: it opens in no other place
 */
export const closePayload = (text: string, owner: string): string =>
  seal && closes ? JSON.stringify({ sealed: seal.close(text, owner) }) : text;

/** @throws SealBroken when no key opens it */
export function openPayload(text: string, owner: string): string {
  const [, sealed] = SEALED.exec(text) ?? [];
  if (sealed === undefined) return text;
  if (!seal) throw new SealBroken("PAYLOAD_KEYS: what is stored is encrypted, and no key is set");
  return seal.open(sealed, owner);
}

/** The text as it would be written now; null when it is that already. */
export function resealed(text: string, owner: string): string | null {
  const [, sealed] = SEALED.exec(text) ?? [];
  if (sealed === undefined) return closes ? closePayload(text, owner) : null;
  if (closes && seal?.isCurrent(sealed)) return null;
  return closePayload(openPayload(text, owner), owner);
}

/** What a message's row is bound to: its key, since its order is not known yet when it is closed. */
export const ownerOfMessage = (messageUuid: string): string =>
  messageUuid.split("::").slice(0, -1).join("::");
