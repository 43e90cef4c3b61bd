import type { InboundAnswer } from "../../contract/answers/webhooks.ts";

type State = InboundAnswer["state"];

/** What each state means, and what to do about it; `docs/inbox.md` has the same. */
export const MEANING: Record<State, string> = {
  routed: "Its order has it.",
  parked:
    "No order knows what it names yet. It is delivered when its order appears; one that stays names a payment that was made elsewhere.",
  ignored: "Understood, and no news: nothing is to be done.",
  quarantined:
    "Authentic, but not of a shape that we know, or of the other mode. Read the reason; mend the cause, then replay it.",
  failed:
    "Understood, but taking it in went wrong on our side. It is tried again by itself; once that is given up, read the log, mend the cause and replay it.",
};

export const STATES = Object.keys(MEANING) as State[];
