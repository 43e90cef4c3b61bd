import { z } from "zod";
import type { EntryTypes } from "./entry-type.ts";
import { amount, asked, changes, currency, person, reason, time, words } from "./fields.ts";

const approval = { approval_id: z.string(), ...asked };
const decision = z.enum(["approve", "reject", "request_changes"]);
const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** `comment`: the last decision's, or why it ended. */
const concluded = (says: string, actors: ("system" | "approver" | "api")[] = ["approver", "api"]) => ({
  says,
  actors,
  data: z.object({ ...approval, comment: words.nullable() }),
});

/** People who are asked, and what they say. */
export const APPROVAL_ENTRIES = {
  "approval.requested": {
    says: "A gate opened, and people are asked.",
    actors: ["system"],
    data: z.object({
      ...approval,
      gate: z.string(),
      asked: z.array(person),
      because: reason.nullable().optional(),
      needed: z.int().min(1).meta({ description: "how many have to approve" }),
      of: z.enum(["order", "refund", "request"]),
      amount: amount.nullable(),
      currency: currency.nullable(),
      revision: z.int().min(1),
      policy_version: z.string(),
      content_hash: hash.meta({ description: "of what is shown to them" }),
      deadline_at: time,
    }),
  },
  "approval.voted": {
    says: "Somebody decided, and it counts.",
    actors: ["approver", "api"],
    data: z.object({
      ...approval,
      decision,
      comment: words.nullable(),
      gate: z.string().nullable(),
      via: z.enum(["link", "api"]),
      in_place: z.literal(true).optional().meta({ description: "by somebody whom the gate does not name" }),
      in_place_of: person.optional(),
      content_hash: hash.meta({ description: "of what was shown" }),
    }),
  },
  "approval.vote_refused": {
    says: "Somebody decided, and it does not count.",
    actors: ["approver", "api"],
    data: z.object({ ...approval, decision, because: reason }),
  },
  "approval.approved": concluded("Enough people approved.", ["approver", "api", "system"]),
  "approval.rejected": concluded("Somebody rejected it, or nobody is left who may approve.", [
    "approver",
    "api",
    "system",
  ]),
  "approval.changes_requested": {
    says: "Somebody wants something changed first.",
    actors: ["approver", "api"],
    data: z.object({ ...approval, comment: words.nullable(), until: time.nullable().optional() }),
  },
  "approval.expired": concluded("Nobody decided in time.", ["system"]),
  "approval.withdrawn": concluded("It is not needed any more.", ["system"]),
  "approval.amended": {
    says: "What is asked has changed: people are asked again, and votes before no longer count.",
    actors: ["api", "operator"],
    data: z.object({ ...approval, revision: z.int().min(2), changes }),
  },
  "approval.amend_refused": {
    says: "A change came too late.",
    actors: ["api", "operator"],
    data: z.object({ ...approval, because: reason }),
  },
  "approval.reminded": {
    says: "Those who have not decided are reminded.",
    actors: ["system", "api", "operator"],
    data: z.object({ ...approval, asked: z.array(person) }),
  },
  "approval.escalated": {
    says: "Further people are asked.",
    actors: ["system"],
    data: z.object({ ...approval, to: z.array(person), because: reason }),
  },
  "approval.resent": {
    says: "An approver's link is mailed again.",
    actors: ["api", "operator", "approver"],
    data: z.object({ ...approval, to: person }),
  },
  "approval.reassigned": {
    says: "Somebody is asked in place of somebody else.",
    actors: ["api", "operator"],
    data: z.object({ ...approval, from: person, to: person }),
  },
  "approval.reassign_refused": {
    says: "A place could not change hands.",
    actors: ["api", "operator"],
    data: z.object({ ...approval, from: person, to: person, because: reason }),
  },
  "approval.revoked": {
    says: "Somebody is not asked any more.",
    actors: ["api", "operator"],
    data: z.object({ ...approval, approver: person }),
  },
  "approval.revoke_refused": {
    says: "Somebody is still asked.",
    actors: ["api", "operator"],
    data: z.object({ ...approval, approver: person, because: reason }),
  },
  "approval.delegated": {
    says: "Somebody is away, and a deputy decides.",
    actors: ["system", "api", "operator"],
    data: z.object({
      ...approval,
      delegation_id: z.string(),
      from: person,
      to: person,
      until: time,
      by: person.nullable(),
    }),
  },
  "approval.delegation_ended": {
    says: "Somebody is back, or the delegation was taken back.",
    actors: ["system", "api", "operator"],
    data: z.object({ ...approval, delegation_id: z.string(), from: person, to: person, because: reason }),
  },
  "approval.called_back": {
    says: "The address that was given for it took the outcome.",
    actors: ["system"],
    data: z.object({ ...approval, event: z.string(), attempts: z.int().min(1) }),
  },
  "approval.callback_failed": {
    says: "The address that was given for it did not take the outcome.",
    actors: ["system"],
    data: z.object({ ...approval, event: z.string(), reason }),
  },
} satisfies EntryTypes;
