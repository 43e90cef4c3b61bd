import type { Pool } from "pg";
import type { Todo } from "../domain/todo.ts";
import type { Fault } from "./fault.ts";
import { park } from "./mailbox.ts";
import type { Machine } from "./machine.ts";
import { publish } from "./publish.ts";

interface Run<State, Message, Effect> {
  machine: Machine<State, Message, Effect>;
  id: string;
  segment: number;
  pool: Pool;
  /** Performs one piece of work as a durable step and says what came of it; never throws. */
  perform(work: Todo<Effect>): Promise<Message>;
  /** Told of every committed transition. */
  onTransition(): void;
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

async function working<T>(work: () => Promise<T>): Promise<T> {
  // A process that stops leaves its loops where they are: their rows say where to go on, here or elsewhere.
  if (stopping) await new Promise<never>(() => {});
  busy++;
  try {
    return await work();
  } finally {
    busy--;
  }
}

/**
 * The loop of every order and approval: publish a transition, perform what it asks for, take the outcomes into the next
 * one, and park when there is nothing to do. Ends when its segment has closed.
 */
export async function run<State, Message, Effect>(loop: Run<State, Message, Effect>): Promise<void> {
  const { machine, id, segment, pool } = loop;
  let outcomes: Message[] = [];
  for (let steps = 1; ; steps++) {
    loop.fault("publish", "before");
    const published = await working(() => publish(machine, id, outcomes));
    loop.fault("publish", "after");
    loop.onTransition();
    if (published.closed) return;
    const { due } = published;
    outcomes = due.length > 0 ? await working(() => Promise.all(due.map((work) => loop.perform(work)))) : [];
    if (due.length === 0)
      await park(pool, { table: machine.table, id, segment, steps, wakeAt: published.wake_at });
  }
}
