import type { SignedCheckpoint } from "../domain/audit-checkpoint.ts";
import { request, type Target } from "./client.ts";

export interface CheckpointCommand extends Target {
  /** Compares all orders. */
  sweep: boolean;
  /** Goes on with a new key, because the former one is lost. */
  acceptNewKey: boolean;
}

/** Has a running service make a checkpoint now. @throws AppError with the service's own words. */
export const makeCheckpoint = ({
  sweep,
  acceptNewKey,
  ...target
}: CheckpointCommand): Promise<SignedCheckpoint> =>
  request<SignedCheckpoint>(target, "POST", "/v1/audit/checkpoints", { sweep, accept_new_key: acceptNewKey });

export const checkpointText = ({ number, at, size, hash }: SignedCheckpoint): string =>
  `checkpoint ${number} of ${at}: ${size} ${size === 1 ? "trail has" : "trails have"} grown, hash ${hash}`;
