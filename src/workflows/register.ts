import type { Pool } from "../db/pool.ts";
import type { Todo } from "../domain/todo.ts";
import type { Fault } from "../engine/fault.ts";
import { run } from "../engine/loop.ts";
import type { Machine } from "../engine/machine.ts";
import { registerLoop } from "../engine/start.ts";
import { announce } from "../engine/wakeups.ts";

/**
 * Makes a state machine a durable workflow: decide, publish, perform, wait for the next message. What happens when is the
 * machine's business; `perform` does the work that it asks for and never throws.
 */
export function registerMachine<State, Message, Effect>(
  machine: Machine<State, Message, Effect>,
  { pool, fault }: { pool: Pool; fault: Fault },
  perform: (id: string, work: Todo<Effect>) => Promise<Message>,
): void {
  registerLoop(machine.workflow, (id, segment) =>
    run({
      machine,
      id,
      segment,
      pool,
      fault,
      perform: (work) => perform(id, work),
      onTransition: () => announce(id, segment),
    }),
  );
}
