import { DBOS } from "@dbos-inc/dbos-sdk";

/** Runs `work` once and records its result; the engine makes no retries, since decisions say when to try again. */
export const runStep = <T>(name: string, work: () => Promise<T>): Promise<T> =>
  DBOS.runStep(work, { name, retriesAllowed: false });
