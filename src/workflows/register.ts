import type { Pool } from "../db/pool.ts";
import type { Todo } from "../domain/todo.ts";
import type { Fault } from "../engine/fault.ts";
import { run } from "../engine/loop.ts";
import type { Machine, Traced } from "../engine/machine.ts";
import { registerLoop } from "../engine/start.ts";
import type { Transition } from "../engine/transition.ts";
import { announce } from "../engine/wakeups.ts";
import type { Metrics } from "../observe/metrics.ts";

interface MachineDeps<State> {
  pool: Pool;
  fault: Fault;
  metrics: Pick<Metrics, "transitions">;
  /** Told of each transition that was committed here; a replay tells of none. */
  onTransition: (transition: Transition<State>) => void;
}

/**
 * Makes a state machine a durable workflow: decide, publish, perform, wait for the next message. What happens when is the
 * machine's business; `perform` does the work that it asks for and never throws.
 */
export function registerMachine<State extends Traced, Message, Effect extends { kind: string }>(
  machine: Machine<State, Message, Effect>,
  { pool, fault, metrics, onTransition }: MachineDeps<State>,
  perform: (id: string, work: Todo<Effect>, state: State | null) => Promise<Message>,
): void {
  registerLoop(machine.workflow, (id, segment) =>
    run({
      machine,
      id,
      segment,
      pool,
      fault,
      perform: (work, state) => perform(id, work, state),
      onTransition(transition) {
        announce(id, segment, transition?.answer ?? null);
        if (!transition) return;
        metrics.transitions.observe({ workflow: machine.workflow }, transition.seconds);
        onTransition(transition);
      },
    }),
  );
}
