import { DBOS } from "@dbos-inc/dbos-sdk";
import { getExecutor } from "@dbos-inc/dbos-sdk/internal/dbos";
import { getCurrentContextStore } from "@dbos-inc/dbos-sdk/internal/context";
import {
  DBOS_STREAMS_CHANNEL,
  DBOS_WORKFLOW_EVENTS_CHANNEL,
  type SystemDatabase,
} from "@dbos-inc/dbos-sdk/internal/system_database";
import { z } from "zod";

/**
 * What we use of DBOS beyond its public API, all in one place. Pinned to 5.3: an upgrade reads this file first.
 */
export const systemDatabase = (): SystemDatabase => getExecutor().systemDatabase;

interface NotificationMap {
  registerCallback(key: string, callback: () => void): { key: string; ck: number };
  deregisterCallback(handle: { key: string; ck: number }): void;
  callCallbacks(key: string): void;
}

const mapShape = z.custom<NotificationMap>(
  (value) =>
    typeof value === "object" && value !== null && "registerCallback" in value && "callCallbacks" in value,
  "this release of DBOS has no notification map where 5.3 has it",
);
const pendingShape = z.custom<Map<string, Set<string>>>(
  (value) => value instanceof Map,
  "this release of DBOS has no pending notifications where 5.3 has them",
);

const part = (name: string): unknown => Reflect.get(systemDatabase(), name);

/** Wakes local `recv`s: keyed `destination::topic`, called by the engine's LISTEN handler. */
export const messageCallbacks = () => mapShape.parse(part("notificationsMap"));
/** Wakes local readers of events: keyed `workflow::key`. */
export const eventCallbacks = () => mapShape.parse(part("workflowEventsMap"));
/** Wakes local readers of streams: keyed `workflow::key`. */
export const streamCallbacks = () => mapShape.parse(part("streamsMap"));

function signal(channel: string, payload: string): void {
  const pending = pendingShape.parse(part("pendingNotifications"));
  const batch = pending.get(channel);
  if (batch) batch.add(payload);
  else pending.set(channel, new Set([payload]));
}

/** Tells every process, some milliseconds from now and off the write path, that an event was set. */
export const signalEvent = (workflowId: string, key: string): void =>
  signal(DBOS_WORKFLOW_EVENTS_CHANNEL, `${workflowId}::${key}`);

/** The same for a stream. */
export const signalStream = (workflowId: string, key: string): void =>
  signal(DBOS_STREAMS_CHANNEL, `${workflowId}::${key}`);

/** Number of the step that is running: the engine counts it up when a step begins. */
export function currentFunctionId(): number {
  const next = getCurrentContextStore()?.curWFFunctionId;
  if (next === undefined || DBOS.workflowID === undefined)
    throw new Error("only a workflow's step has a number");
  return next - 1;
}
