import { DBOSWorkflowConflictError } from "@dbos-inc/dbos-sdk/internal/error";
import type { Pool } from "pg";
import type { Todo } from "../domain/todo.ts";
import { logAbout } from "../log.ts";
import { within, type Traceparent } from "../observe/trace.ts";
import type { Fault } from "./fault.ts";
import { forgetRun } from "./internals.ts";
import type { Journal } from "./journal.ts";
import { lookAfter, noteRun } from "./left-behind.ts";
import { openMailbox, type Mailbox } from "./mailbox.ts";
import type { Machine, Traced } from "./machine.ts";
import { workflowId } from "./names.ts";
import { openJournal } from "./publishing.ts";
import { fallAsleep, quietMs } from "./sleep.ts";
import { inThisTerm, isStillOurs } from "./term.ts";
import { publish, type Transition } from "./transition.ts";

interface Run<State extends Traced, Message, Effect> {
  machine: Machine<State, Message, Effect>;
  id: string;
  segment: number;
  pool: Pool;
  /**
   * Performs one piece of work and says what came of it; never throws.
   * @param state as the transition that asked for it has left it; null when an earlier run committed that
   */
  perform(work: Todo<Effect>, state: State | null): Promise<Message>;
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

/** @param journal whose owing is paid although the process stops: what was done is not to be done again by whoever goes on */
async function working<T>(
  workflow: string,
  journal: Journal,
  over: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const isOurs = await isStillOurs();
  if ((stopping && !journal.isOwing()) || !isOurs) return leave(workflow, over);
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
export const run = <State extends Traced, Message, Effect extends { kind: string }>(
  loop: Run<State, Message, Effect>,
): Promise<void> =>
  logAbout(loop.machine.table === "orders" ? { order_id: loop.id } : { approval_id: loop.id }, () =>
    inThisTerm(async () => {
      const mailbox = openMailbox(loop.pool, {
        table: loop.machine.table,
        id: loop.id,
        segment: loop.segment,
      });
      const noted = noteRun(workflowId(loop.id, loop.segment));
      const over = () => {
        mailbox.close();
        noted();
      };
      await goOn(loop, mailbox, over).finally(over);
    }),
  );

async function goOn<State extends Traced, Message, Effect extends { kind: string }>(
  loop: Run<State, Message, Effect>,
  mailbox: Mailbox,
  over: () => void,
): Promise<void> {
  const { machine, id, segment, pool } = loop;
  const workflow = workflowId(id, segment);
  const journal = await openJournal(pool, workflow);
  let outcomes: Message[] = [];
  let trace: Traceparent | undefined;
  for (let steps = 1; ; steps++) {
    loop.fault("publish", "before");
    const { published, transition } = await working(workflow, journal, over, () =>
      within(trace, () => publish(machine, { id, segment, outcomes }, journal, mailbox.empty)),
    );
    loop.fault("publish", "after");
    loop.onTransition(transition);
    if (published.closed) return journal.hasEnded() ? letGo(workflow, over) : undefined;
    trace = published.trace;
    const works = published.due.map((work) => ({
      name: work.effect.kind,
      run: () => loop.perform(work, transition?.after ?? null),
    }));
    const perform = () => within(trace, () => journal.perform(works));
    outcomes = works.length > 0 ? await working(workflow, journal, over, perform) : [];
    if (works.length > 0 || journal.isReplaying()) continue;
    trace = undefined;
    const wait = { steps, wakeAt: published.wake_at };
    if ((await mailbox.park(wait, quietMs(wait.wakeAt))) === "look") continue;
    loop.fault("sleep", "before");
    // Where it is not known whether it sleeps, it goes on: if it does, the next transition finds that it is not its run's any more.
    const waiting = { table: machine.table, id, segment, ...wait };
    const sleeps = await working(workflow, journal, over, () => fallAsleep(pool, waiting).catch(() => false));
    loop.fault("sleep", "after");
    if (sleeps) return letGo(workflow, over);
  }
}
