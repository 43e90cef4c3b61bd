import { DBOSJSON, type DBOSSerializer } from "@dbos-inc/dbos-sdk/internal/serialization";
import { closePayload, hasPayloadKeys, openPayload } from "../db/payloads.ts";

/** What a checkpoint is bound to when it is encrypted: the engine does not say whose it is. */
export const CHECKPOINT = "checkpoint";

/** What the engine's own steps call a checkpoint that this wrote. Ours name no form: they are read by what they are. */
export const SEALED = "countersign_sealed";

/**
 * The engine's own form of what steps return, encrypted where keys are set. It reads both forms, so that encryption is switched on and
 * off while workflows wait.
 */
export const serializer: DBOSSerializer = {
  name: () => (hasPayloadKeys() ? SEALED : DBOSJSON.name()),
  stringify(value) {
    const text = DBOSJSON.stringify(value);
    return isBare(value) ? text : closePayload(text, CHECKPOINT);
  },
  parse: (text) => DBOSJSON.parse(typeof text === "string" ? openPayload(text, CHECKPOINT) : null),
};

/** A transition that asks for nothing says of nobody anything, and is read by SQL: see `layDown`. */
export const isBare = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  "due" in value &&
  Array.isArray(value.due) &&
  value.due.length === 0;
