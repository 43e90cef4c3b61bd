import { AsyncResource } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { DBOS } from "@dbos-inc/dbos-sdk";
import { getFunctionRegistrationByName } from "@dbos-inc/dbos-sdk/internal/decorators";
import { getExecutor } from "@dbos-inc/dbos-sdk/internal/dbos";
import type { PoolClient } from "pg";
import { closePayload } from "../db/payloads.ts";
import type { ApprovalMessage } from "../domain/approval.ts";
import type { OrderMessage } from "../domain/order.ts";
import type { Log } from "../log.ts";
import { currentTrace, traced } from "../observe/trace.ts";
import { beginsElsewhere, beginsHere } from "./direct-journal.ts";
import { WAITING_QUEUE } from "./internals.ts";
import type { Followed } from "./journal.ts";
import { APPLICATION_NAME, APPLICATION_VERSION, TOPIC, workflowId, type WorkflowName } from "./names.ts";
import { isDirect } from "./publishing.ts";
import { announceWaiting } from "./taker.ts";

type Loop = (id: string, segment: number) => Promise<void>;

const registered = new Map<WorkflowName, Loop>();

let elsewhere = false;

/** Whether what is started here runs at other processes, which take it from the queue. */
export const runElsewhere = (is: boolean): void => void (elsewhere = is);
export const isElsewhere = (): boolean => elsewhere;

/** Registers a workflow's loop under its stored name. Once per process, before launch; recovery never gives up on it. */
export function registerLoop(name: WorkflowName, loop: Loop): void {
  DBOS.registerWorkflow(loop, {
    name,
    serialization: "portable",
    maxRecoveryAttempts: Number.MAX_SAFE_INTEGER,
  });
  // What registering returns starts a new workflow when it is called; the engine itself runs the registered function.
  const own = getFunctionRegistrationByName("", name)?.registeredFunction;
  if (!own) throw new Error(`the engine did not register workflow ${name}`);
  registered.set(name, own as Loop);
}

interface Start {
  id: string;
  segment: number;
  /** The message that waits for it; later segments begin with the one that woke them. */
  first?: OrderMessage | ApprovalMessage;
}

/**
 * Begins the execution of a workflow whose row is committed. Call it after the commit, never before.
 * @param first its first transition, where that was committed with the row
 */
export type Dispatch = (first?: Followed<unknown, unknown>) => void;

/** Not inside the workflow that asked: a workflow that is started here is nobody's child. */
const outside = new AsyncResource("countersign-dispatch");

/** A workflow that is about to begin: the engine's row of it, and how it is begun once that is committed. */
interface Beginning {
  status: Parameters<ReturnType<typeof getExecutor>["systemDatabase"]["initWorkflowStatus"]>[0];
  /** The token of its first run. */
  owner: string;
  dispatch: Dispatch;
}

/** Writes nothing yet. */
export function prepareStart(
  name: WorkflowName,
  { id, segment }: Pick<Start, "id" | "segment">,
  log: Log,
): Beginning {
  const loop = registered.get(name);
  if (!loop) throw new Error(`workflow ${name} is not registered`);
  const workflow = workflowId(id, segment);
  const owner = randomUUID();
  const executor = getExecutor();
  const status = {
    workflowUUID: workflow,
    status: elsewhere ? "ENQUEUED" : "PENDING",
    workflowName: name,
    workflowClassName: "",
    workflowConfigName: "",
    ...(elsewhere ? { queueName: WAITING_QUEUE } : {}),
    output: null,
    error: null,
    authenticatedUser: "",
    assumedRole: "",
    authenticatedRoles: [],
    executorId: executor.executorID,
    applicationVersion: APPLICATION_VERSION,
    applicationID: "",
    input: JSON.stringify({ positionalArgs: [id, segment] }),
    priority: 0,
    serialization: "portable_json",
    applicationName: APPLICATION_NAME,
    recoveryAttempts: 1,
  };
  const dispatch: Dispatch = (first) => {
    // Others have taken this process for dead meanwhile, and take what it had under its old id.
    if (executor.executorID !== status.executorId) return;
    if (isDirect()) beginsHere(workflow, first);
    // Also what becomes of it: the engine would take who asks for a step of the workflow that asked.
    outside.runInAsyncScope(() => {
      executor
        .internalWorkflow(
          loop,
          { workflowUUID: workflow, dequeuedStatus: status, ownerXid: owner },
          undefined,
          undefined,
          id,
          segment,
        )
        .then((handle) => handle.getResult())
        .catch((error: unknown) => log.error({ err: error, workflow }, "a workflow ended with an error"))
        .finally(() => beginsElsewhere(workflow));
    });
  };
  return { status, owner, dispatch: elsewhere ? announceWaiting : dispatch };
}

/**
 * Writes the workflow's row within the caller's transaction, so that the row, the order and the idempotency record
 * commit together. If the process dies before `dispatch`, recovery finds the row pending and runs it.
 */
export async function startInTransaction(
  tx: PoolClient,
  name: WorkflowName,
  { id, segment, first }: Start,
  log: Log,
): Promise<Dispatch> {
  const { status, owner, dispatch } = prepareStart(name, { id, segment }, log);
  await getExecutor().systemDatabase.initWorkflowStatus(status, owner, tx);
  if (first)
    await tx.query(
      `insert into dbos.notifications (destination_uuid, topic, message, serialization, message_uuid)
       values ($1, $2, $3, 'portable_json', $4)`,
      [
        status.workflowUUID,
        TOPIC,
        closePayload(traced(first, currentTrace()), "first"),
        `first::${status.workflowUUID}`,
      ],
    );
  return dispatch;
}
