import { DBOSUnexpectedStepError, DBOSWorkflowConflictError } from "@dbos-inc/dbos-sdk/internal/error";
import { hasPayloadKeys } from "../db/payloads.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import { revived, throughOutages } from "./internals.ts";
import type { Entry, Followed, Journal, Work } from "./journal.ts";
import { APPLICATION_NAME, PUBLISH_STEP } from "./names.ts";
import type { Checkpoint, Recording } from "./recording.ts";
import { serializer } from "./serializer.ts";
import { isStillOurs } from "./term.ts";
import type { Published, Transition } from "./transition.ts";

/** A step that is recorded. */
interface Step {
  name: string;
  /** @throws what the step has thrown */
  value(): Promise<unknown>;
  /** What it changed, where it was done in this process and nobody was told yet. */
  transition?: Transition<unknown>;
}

/** The steps of workflows that are about to begin here, so that nobody has to look: none or the first, which began it. */
const beginning = new Map<string, Step[]>();

/** A workflow begins here for the first time. */
export const beginsHere = (workflow: string, first?: Followed<unknown, unknown>): void =>
  void beginning.set(
    workflow,
    first
      ? [
          {
            name: PUBLISH_STEP,
            value: () => Promise.resolve(first.published),
            ...(first.transition ? { transition: first.transition } : {}),
          },
        ]
      : [],
  );

/** It does not begin here after all. */
export const beginsElsewhere = (workflow: string): void => void beginning.delete(workflow);

/** The checkpoint of a transition. Its end is not its commit's, which it is part of. */
export async function checkpointOf<Effect>(
  functionId: number,
  started: number,
  open: Published<Effect>,
  closed: Published<Effect>,
): Promise<Checkpoint> {
  return {
    function_id: functionId,
    function_name: PUBLISH_STEP,
    output: await serializer.stringify(open),
    output_closed: await serializer.stringify(closed),
    serialization: null,
    started,
    ended: Date.now(),
  };
}

/**
 * Writes the engine's checkpoints in the transactions that commit anyway: a transition's in its own, and an outcome's in that of
 * the transition which takes it. A process that dies in between tries the effect again under its key, as it would have to
 * anyway. What is recorded is read once, when a run begins; the engine asks before and after every step.
 */
export async function openDirectJournal(pool: Pool, workflow: string, owner: string): Promise<Journal> {
  const begun = beginning.get(workflow);
  beginning.delete(workflow);
  const steps = begun ? new Map(begun.entries()) : await throughOutages(() => readSteps(pool, workflow));
  let next = 0;
  let owing: Checkpoint[] = [];
  let ended = false;

  async function follow<State, Effect>(step: Step): Promise<Followed<State, Effect>> {
    const published = (await returned(step, PUBLISH_STEP)) as Published<Effect>;
    return { published, transition: (step.transition as Transition<State> | undefined) ?? null };
  }

  async function returned(step: Step, name: string): Promise<unknown> {
    if (step.name !== name) throw new DBOSUnexpectedStepError(workflow, next, name, step.name);
    return step.value();
  }

  async function keep(checkpoint: Checkpoint): Promise<void> {
    const rows = await throughOutages(() => insertCheckpoint(pool, workflow, owner, checkpoint));
    if (rows === 0) throw new DBOSWorkflowConflictError(workflow);
  }

  return {
    isReplaying: () => steps.has(next),
    isOwing: () => owing.length > 0,
    hasEnded: () => ended,

    async transition<State, Effect>(write: (entry: Entry<Effect>) => Promise<Followed<State, Effect>>) {
      const functionId = next++;
      const step = steps.get(functionId);
      if (step) return follow<State, Effect>(step);
      const started = Date.now();
      let isFirst = true;
      const followed = await throughOutages(async () => {
        // The commit of an earlier try may have come through although nobody heard of it.
        const done = isFirst ? undefined : (await readSteps(pool, workflow, functionId)).get(functionId);
        isFirst = false;
        if (done) return follow<State, Effect>(done);
        const record = async (open: Published<Effect>, closed: Published<Effect>): Promise<Recording> => ({
          owner,
          checkpoints: [...owing, await checkpointOf(functionId, started, open, closed)],
        });
        return inTransaction(pool, (tx) => write({ tx, functionId, record }));
      });
      owing = [];
      ended = followed.published.closed;
      return followed;
    },

    async perform<Message>(works: Work<Message>[]) {
      const first = next;
      next += works.length;
      if (steps.has(next)) return [];
      return Promise.all(
        works.map(async ({ name, run }, i) => {
          const step = steps.get(first + i);
          if (step) return (await returned(step, name)) as Message;
          if (!(await isStillOurs())) throw new DBOSWorkflowConflictError(workflow);
          const started = Date.now();
          const outcome = await run();
          const checkpoint: Checkpoint = {
            function_id: first + i,
            function_name: name,
            output: await serializer.stringify(outcome),
            output_closed: null,
            serialization: hasPayloadKeys() ? null : serializer.name(),
            started,
            ended: Date.now(),
          };
          // What was done beside others is recorded at once: they may take long.
          if (works.length > 1) await keep(checkpoint);
          else owing.push(checkpoint);
          return outcome;
        }),
      );
    },
  };
}

interface StepRow {
  function_id: number;
  function_name: string;
  output: string | null;
  error: string | null;
  serialization: string | null;
}

async function readSteps(pool: Pool, workflow: string, from = 0): Promise<Map<number, Step>> {
  const { rows } = await pool.query<StepRow>(
    `select function_id, function_name, output, error, serialization from dbos.operation_outputs
      where workflow_uuid = $1 and function_id >= $2`,
    [workflow, from],
  );
  return new Map(
    rows.map((row) => [row.function_id, { name: row.function_name, value: () => revived(row) }] as const),
  );
}

/** @returns 0 when the workflow is another run's */
async function insertCheckpoint(
  pool: Pool,
  workflow: string,
  owner: string,
  { function_id, function_name, output, serialization, started, ended }: Checkpoint,
): Promise<number> {
  const { rowCount } = await pool.query(
    `with held as (
       select from dbos.workflow_status
        where workflow_uuid = $1 and owner_xid = $2 and status = 'PENDING' for no key update)
     insert into dbos.operation_outputs (workflow_uuid, function_id, function_name, output, serialization, started_at_epoch_ms,
                                         completed_at_epoch_ms, application_name, retention_timestamp)
     select $1, $3, $4, $5, $6, $7, $8, '${APPLICATION_NAME}', (extract(epoch from now()) * 1000)::bigint from held
     on conflict (workflow_uuid, function_id) do update set output = operation_outputs.output`,
    [workflow, owner, function_id, function_name, output, serialization, started, ended],
  );
  return rowCount ?? 0;
}
