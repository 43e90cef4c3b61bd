import { DBOS } from "@dbos-inc/dbos-sdk";
import { DBOSWorkflowConflictError } from "@dbos-inc/dbos-sdk/internal/error";
import { isStillOurs } from "./term.ts";

/**
 * Runs `work` once and records its result; the engine makes no retries, since decisions say when to try again. A process that
 * stood still while others took the workflow over does not begin it.
 */
export const runStep = <T>(name: string, work: () => Promise<T>): Promise<T> =>
  DBOS.runStep(
    async () => {
      if (!(await isStillOurs())) throw new DBOSWorkflowConflictError(DBOS.workflowID ?? "");
      return work();
    },
    { name, retriesAllowed: false },
  );
