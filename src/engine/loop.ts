import { DBOSWorkflowConflictError } from "@dbos-inc/dbos-sdk/internal/error";
import type { Pool } from "pg";
import type { Todo } from "../domain/todo.ts";
import { logAbout } from "../log.ts";
import { within, type Traceparent } from "../observe/trace.ts";
import type { Fault } from "./fault.ts";
import { forgetRun } from "./internals.ts";
import { lookAfter, noteRun } from "./left-behind.ts";
import { park } from "./mailbox.ts";
import type { Machine, Traced } from "./machine.ts";
import { workflowId } from "./names.ts";
import { fallAsleep, quietMs } from "./sleep.ts";
import { publish, type Transition } from "./publish.ts";
import { inThisTerm, isStillOurs } from "./term.ts";

interface Run<State extends Traced, Message, Effect> {
  machine: Machine<State, Message, Effect>;
  id: string;
  segment: number;
  pool: Pool;
  /** Performs one piece of work as a durable step and says what came of it; never throws. */
  perform(work: Todo<Effect>): Promise<Message>;
  /** Told of every committed transition; null when it was committed by an earlier run. */
  onTransition(transition: Transition<State> | null): void;
  fault: Fault;
}

let stopping = false;
let busy = 0;

/** Lets running transitions and effects finish and starts no more; returns when nothing is under way, or after `ms`. */
export async function drain(ms: number): Promise<void> {
  stopping = true;
  const until = Date.now() + ms;
  while (busy > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Runs again after a drain; for tests that start a second service in one process. */
export const undrain = (): void => void (stopping = false);

/**
 * A run that is not to go on here is left where it is: its rows say where to go on, here or elsewhere. The engine would
 * have it ask every second, for as long as the workflow lives, what became of it.
 */
async function leave(workflow: string, over: () => void): Promise<never> {
  lookAfter(workflow);
  return letGo(workflow, over);
}

async function letGo(workflow: string, over: () => void): Promise<never> {
  over();
  forgetRun(workflow);
  return new Promise<never>(() => {});
}

async function working<T>(workflow: string, over: () => void, work: () => Promise<T>): Promise<T> {
  const isOurs = await isStillOurs();
  if (stopping || !isOurs) return leave(workflow, over);
  busy++;
  try {
    return await work();
  } catch (error) {
    if (error instanceof DBOSWorkflowConflictError) return leave(workflow, over);
    throw error;
  } finally {
    busy--;
  }
}

/**
 * The loop of every order and approval: publish a transition, perform what it asks for, take the outcomes into the next
 * one, and park when there is nothing to do. Ends when its segment has closed.
 */
export const run = <State extends Traced, Message, Effect>(
  loop: Run<State, Message, Effect>,
): Promise<void> =>
  logAbout(loop.machine.table === "orders" ? { order_id: loop.id } : { approval_id: loop.id }, () =>
    inThisTerm(async () => {
      const over = noteRun(workflowId(loop.id, loop.segment));
      await goOn(loop, over).finally(over);
    }),
  );

async function goOn<State extends Traced, Message, Effect>(
  loop: Run<State, Message, Effect>,
  over: () => void,
): Promise<void> {
  const { machine, id, segment, pool } = loop;
  const workflow = workflowId(id, segment);
  let outcomes: Message[] = [];
  let trace: Traceparent | undefined;
  for (let steps = 1; ; steps++) {
    loop.fault("publish", "before");
    const { published, transition } = await working(workflow, over, () =>
      within(trace, () => publish(machine, id, outcomes)),
    );
    loop.fault("publish", "after");
    loop.onTransition(transition);
    if (published.closed) return;
    trace = published.trace;
    const { due } = published;
    const perform = () => within(trace, () => Promise.all(due.map((work) => loop.perform(work))));
    outcomes = due.length > 0 ? await working(workflow, over, perform) : [];
    if (due.length > 0) continue;
    trace = undefined;
    const waiting = { table: machine.table, id, segment, steps, wakeAt: published.wake_at };
    if ((await park(pool, waiting, quietMs(waiting.wakeAt))) === "look") continue;
    loop.fault("sleep", "before");
    // Where it is not known whether it sleeps, it goes on: if it does, the next transition finds that it is not its run's any more.
    const sleeps = await working(workflow, over, () => fallAsleep(pool, waiting).catch(() => false));
    loop.fault("sleep", "after");
    if (sleeps) return letGo(workflow, over);
  }
}
