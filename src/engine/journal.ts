import type { PoolClient } from "pg";
import type { Recording } from "./recording.ts";
import type { Published, Transition } from "./transition.ts";

/** A transition on its way into the journal. */
export interface Entry<Effect> {
  tx: PoolClient;
  /** Its number among the workflow's steps. */
  functionId: number;
  /** What the transition's own statement is to record, by whether it closes the segment. */
  record: (open: Published<Effect>, closed: Published<Effect>) => Promise<Recording>;
}

export interface Followed<State, Effect> {
  published: Published<Effect>;
  /** Null when it was committed by an earlier run. */
  transition: Transition<State> | null;
}

/** A piece of work as a step: the kind of effect is the step's name. */
export interface Work<Message> {
  name: string;
  run: () => Promise<Message>;
}

/**
 * The steps of one run of a workflow. What an earlier run has recorded is followed and not done again; what is new is done and
 * recorded, for as long as the workflow is this run's.
 */
export interface Journal {
  /** The next step is recorded: there is nothing to wait for. */
  isReplaying(): boolean;
  /** Work was done whose outcome the next transition records: it is to be committed, also while the process stops. */
  isOwing(): boolean;
  /** The next step, a transition: `write` commits it, in the transaction that it is given. */
  transition<State, Effect>(
    write: (entry: Entry<Effect>) => Promise<Followed<State, Effect>>,
  ): Promise<Followed<State, Effect>>;
  /** The next steps, side by side. @returns what came of them; nothing when a transition that took it is recorded */
  perform<Message>(works: Work<Message>[]): Promise<Message[]>;
  /** The last transition has recorded the workflow's end too: the run is to be left. Else the engine records it. */
  hasEnded(): boolean;
}
