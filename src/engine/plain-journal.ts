import { DBOS } from "@dbos-inc/dbos-sdk";
import { runTransactionalInternalStep } from "@dbos-inc/dbos-sdk/internal/dbos";
import { DBOSWorkflowConflictError } from "@dbos-inc/dbos-sdk/internal/error";
import type { Entry, Followed, Journal, Work } from "./journal.ts";
import { currentFunctionId } from "./internals.ts";
import { PUBLISH_STEP } from "./names.ts";
import { UNRECORDED } from "./recording.ts";
import { isStillOurs } from "./term.ts";
import type { Published, Transition } from "./transition.ts";

/**
 * Leaves every checkpoint to the engine's own steps: a transaction for each outcome, and the engine asks before and after each
 * whether the workflow is still this run's. Slower, and it relies on less (`ENGINE_PUBLISH=plain`).
 */
export function openPlainJournal(): Journal {
  return {
    isReplaying: () => false,
    isOwing: () => false,
    hasEnded: () => false,

    async transition<State, Effect>(write: (entry: Entry<Effect>) => Promise<Followed<State, Effect>>) {
      // Stays null where a replay follows what an earlier run had recorded.
      let transition: Transition<State> | null = null;
      const published = await runTransactionalInternalStep<Published<Effect>>(async (tx) => {
        if (!tx) throw new Error("a transition is a workflow's, not a step's");
        const record = () => Promise.resolve(UNRECORDED);
        const written = await write({ tx, functionId: currentFunctionId(), record });
        transition = written.transition;
        return written.published;
      }, PUBLISH_STEP);
      return { published, transition };
    },

    perform: <Message>(works: Work<Message>[]) =>
      Promise.all(
        works.map(({ name, run }) =>
          DBOS.runStep(
            async () => {
              if (!(await isStillOurs())) throw new DBOSWorkflowConflictError(DBOS.workflowID ?? "");
              return run();
            },
            // Decisions say when to try again.
            { name, retriesAllowed: false },
          ),
        ),
      ),
  };
}
