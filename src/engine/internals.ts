import { DBOS } from "@dbos-inc/dbos-sdk";
import { DBOSExecutor } from "@dbos-inc/dbos-sdk/internal/dbos-executor";
import { getExecutor } from "@dbos-inc/dbos-sdk/internal/dbos";
import { getCurrentContextStore } from "@dbos-inc/dbos-sdk/internal/context";
import {
  DBOS_NOTIFICATIONS_CHANNEL as CHANNEL,
  DBOS_STREAMS_CHANNEL as STREAM_CHANNEL,
  DBOS_WORKFLOW_EVENTS_CHANNEL as EVENT_CHANNEL,
  withDbRetry,
  type SystemDatabase,
} from "@dbos-inc/dbos-sdk/internal/system_database";
import { globalParams, INTERNAL_QUEUE_NAME } from "@dbos-inc/dbos-sdk/internal/utils";
import { wfQueueRunner } from "@dbos-inc/dbos-sdk/internal/wfqueue";
import type { PoolClient } from "pg";
import { z } from "zod";
import { SEALED, serializer } from "./serializer.ts";

/**
 * What we use of DBOS beyond its public API, all in one place. Pinned to 5.3: an upgrade reads this file first.
 */
export const systemDatabase = (): SystemDatabase => getExecutor().systemDatabase;

/** Tries again for as long as the database cannot be reached, as the engine does with its own statements. */
export const throughOutages = <T>(work: () => Promise<T>): Promise<T> => withDbRetry(work);

/** What a recorded step has returned, encrypted or not. @throws what it has thrown */
export const revived = (step: {
  output: string | null;
  error: string | null;
  serialization: string | null;
}): Promise<unknown> =>
  DBOSExecutor.reviveResultOrError(
    { ...step, serialization: step.serialization === SEALED ? null : step.serialization },
    serializer,
  );

interface NotificationMap {
  registerCallback(key: string, callback: () => void): { key: string; ck: number };
  deregisterCallback(handle: { key: string; ck: number }): void;
  callCallbacks(key: string, event?: unknown): void;
}

const mapShape = z.custom<NotificationMap>(
  (value) =>
    typeof value === "object" && value !== null && "registerCallback" in value && "callCallbacks" in value,
  "this release of DBOS has no notification map where 5.3 has it",
);
const part = (name: string): unknown => Reflect.get(systemDatabase(), name);

/** Wakes local `recv`s: keyed `destination::topic`, called by the engine's LISTEN handler. */
export const messageCallbacks = () => mapShape.parse(part("notificationsMap"));
/** Wakes local readers of events: keyed `workflow::key`. */
export const eventCallbacks = () => mapShape.parse(part("workflowEventsMap"));
/** Wakes local readers of streams: keyed `workflow::key`. */
export const streamCallbacks = () => mapShape.parse(part("streamsMap"));

/** Calls back with every key that is announced there, here or elsewhere; there is no callback for all of them. */
function onEvery(map: NotificationMap, callback: (key: string) => void): () => void {
  const callCallbacks = map.callCallbacks.bind(map);
  map.callCallbacks = (key, event) => {
    callback(key);
    callCallbacks(key, event);
  };
  return () => void (map.callCallbacks = callCallbacks);
}

export const onEveryEvent = (callback: (key: string) => void) => onEvery(eventCallbacks(), callback);
/** Keyed as `messageCallbacks` is. */
export const onEveryMessage = (callback: (key: string) => void) => onEvery(messageCallbacks(), callback);

/** Number of the step that is running: the engine counts it up when a step begins. */
export function currentFunctionId(): number {
  const next = getCurrentContextStore()?.curWFFunctionId;
  if (next === undefined || DBOS.workflowID === undefined)
    throw new Error("only a workflow's step has a number");
  return next - 1;
}

/** The token by which the engine knows this run to be the one that its row names. */
export function currentOwner(): string {
  const owner = getCurrentContextStore()?.ownerXid;
  if (owner === undefined) throw new Error("only a workflow's run has an owner");
  return owner;
}

const runsShape = z.custom<Map<string, { release(): void }[]>>(
  (value) => value instanceof Map,
  "this release of DBOS has no map of its runs where 5.3 has it",
);

/** The engine keeps nothing of a run that nobody goes on with: the oldest that it has of this workflow. */
export const forgetRun = (workflowId: string): void =>
  runsShape.parse(part("runningWorkflowMap")).get(workflowId)?.[0]?.release();

/** Whether the engine has a run of that workflow here. */
export const isRunning = (workflowId: string): boolean =>
  runsShape.parse(part("runningWorkflowMap")).has(workflowId);

/** Under which id this process takes workflows. */
export function takeWorkAs(executorId: string): void {
  globalParams.executorID = executorId;
  Reflect.set(getExecutor(), "executorID", executorId);
}

const queuesShape = z.custom<{
  stop(): void;
  getInternalQueue(name: string): unknown;
  pollQueue(executor: unknown, queue: unknown): Promise<unknown>;
}>(
  (value) => typeof value === "object" && value !== null && "pollQueue" in value && "stop" in value,
  "this release of DBOS has no queue runner where 5.3 has it",
);

/** Workflows that wait for a process to take them stand in this queue. */
export const WAITING_QUEUE = INTERNAL_QUEUE_NAME;

/** Takes what waits in the queue and begins it here; the engine's own look is up to a second away. */
export async function takeWaiting(): Promise<void> {
  const runner = queuesShape.parse(wfQueueRunner);
  await runner.pollQueue(getExecutor(), runner.getInternalQueue(WAITING_QUEUE));
}

/** No more workflows are taken from the queue. */
export const stopTaking = (): void => queuesShape.parse(wfQueueRunner).stop();

const listenerShape = z.custom<PoolClient | null>(
  (value) => value === null || (typeof value === "object" && "query" in value),
  "this release of DBOS has no listening connection where 5.3 has it",
);

/** On which messages, events and streams are told of. */
export { CHANNEL, EVENT_CHANNEL, STREAM_CHANNEL };

/** The connection on which notifications arrive; null while there is none. */
export const listener = () => listenerShape.parse(part("notificationsClient"));
