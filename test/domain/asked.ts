import { expect } from "vitest";
import {
  isConcluded,
  newApproval,
  type ApprovalEffect,
  type ApprovalMessage,
  type ApprovalState,
  type Decision,
  type Delegation,
  type Subject,
} from "../../src/domain/approval.ts";
import {
  approvalDue,
  approvalWakeAt,
  decideApproval,
  isApprovalAtRest,
} from "../../src/domain/approval-decide.ts";
import type { AuditDraft } from "../../src/domain/audit-entry.ts";
import { normalisedAddress } from "../../src/domain/address.ts";
import type { ApprovalPlan } from "../../src/domain/policy.ts";
import type { Todo } from "../../src/domain/todo.ts";
import { holds } from "./property.ts";
import { T0 } from "./world.ts";

export const subject: Subject = {
  kind: "order",
  amount: 125_000,
  currency: "usd",
  reference: "PO-1",
  description: null,
  customer: "Ada",
  requested_by: "sam@example.com",
  reason: null,
  items: [],
  order_id: "ord_1",
};

export const twoGates: ApprovalPlan = {
  policy_version: "0123456789ab",
  gates: [
    { name: "finance", need: 1, approvers: ["finance@example.com", "controller@example.com"] },
    { name: "management", need: 2, approvers: ["cfo@example.com", "ceo@example.com", "coo@example.com"] },
  ],
  remind_after_s: 24 * 3_600,
  escalate_after_s: 48 * 3_600,
  escalate_to: ["cfo@example.com"],
  expire_after_s: 5 * 86_400,
  before_capture_deadline_s: 86_400,
};

/** An approval with a clock, and with an order that hears its reports. */
export class Asked {
  now = new Date(T0);
  state: ApprovalState;
  /** About whom the operator was told. */
  readonly alerts: string[] = [];
  /** Each mail that went out. */
  readonly mails: Extract<ApprovalEffect, { kind: "mail" }>[] = [];
  readonly reported: Extract<ApprovalEffect, { kind: "report" }>[] = [];
  resent = 0;

  constructor(
    plan: ApprovalPlan = twoGates,
    capture_before: string | null = null,
    delegations: Delegation[] = [],
  ) {
    this.state = newApproval(
      {
        id: "apr_1",
        tenant: "dev",
        order_id: "ord_1",
        refund_id: null,
        subject,
        plan,
        callback: null,
        delegations,
        capture_before,
      },
      this.now,
    );
    this.send({ type: "opened" });
  }

  send(message: ApprovalMessage): void {
    const before = this.state;
    this.state = decideApproval(before, message, this.now);
    this.#check(before);
  }

  vote(
    approver: string,
    decision: Decision = "approve",
    change: Partial<{ content_hash: string; gate: number; in_place: boolean }> = {},
  ) {
    const { content_hash } = this.state;
    const actor = { type: "approver", id: approver } as const;
    this.send({
      type: "vote",
      approver,
      decision,
      comment: null,
      content_hash,
      via: "link",
      actor,
      ...change,
    });
  }

  /** Somebody sets their deputy, or takes that back. */
  delegate(...made: Delegation[]): void {
    this.send({ type: "delegations", made, deleted: [], actor: { type: "api", id: "admin@example.com" } });
  }
  undelegate(...deleted: string[]): void {
    this.send({ type: "delegations", made: [], deleted, actor: { type: "api", id: "admin@example.com" } });
  }

  amend(amount: number): void {
    this.send({
      type: "amend",
      subject: { ...this.state.subject, amount },
      actor: { type: "api", id: "sam@example.com" },
    });
  }

  get due(): Todo<ApprovalEffect>[] {
    return approvalDue(this.state, this.now);
  }

  /** Performs what is due side by side, as the engine does. */
  perform(
    outcome: (work: Todo<ApprovalEffect>, index: number) => "ok" | "down" | "refused" = () => "ok",
  ): void {
    const heard = this.due.map((work, i): ApprovalMessage => {
      const how = outcome(work, i);
      const { key, effect } = work;
      if (how !== "ok" && (how === "down" || effect.kind === "mail"))
        return { type: "effect.failed", key, reason: "no", code: "mail", retry: how === "down" };
      if (effect.kind === "report") {
        this.reported.push(effect);
        return { type: "effect.done", key, result: { kind: "done" } };
      }
      if (effect.kind === "callback") return { type: "effect.done", key, result: { kind: "done" } };
      if (effect.kind === "alert_operator") {
        this.alerts.push(effect.to);
        return { type: "effect.done", key, result: { kind: "done" } };
      }
      this.mails.push(effect);
      return { type: "effect.done", key, result: { kind: "mailed", response: "250 ok" } };
    });
    for (const message of heard) this.send(message);
  }

  performAll(): void {
    for (let rounds = 0; this.due.length > 0; rounds++) {
      expect(rounds, "nothing is asked in a circle").toBeLessThan(60);
      this.perform();
    }
  }

  wait(ms: number): void {
    this.now = new Date(this.now.getTime() + ms);
    this.send({ type: "clock" });
  }

  /** Until nothing is expected any more. */
  toRest(): void {
    for (let rounds = 0; !isApprovalAtRest(this.state); rounds++) {
      expect(rounds, "it comes to rest").toBeLessThan(60);
      this.performAll();
      const wake = approvalWakeAt(this.state, this.now);
      if (wake !== null) this.wait(Math.max(0, Date.parse(wake) - this.now.getTime()));
    }
  }

  get entries(): AuditDraft[] {
    return this.reported.flatMap((report) => report.entries);
  }
  told = (type: string): AuditDraft[] => this.entries.filter((entry) => entry.type === type);
  sent = (mail: string, to?: string) =>
    this.mails.filter((m) => m.mail === mail && (to === undefined || m.to === to));

  #check(before: ApprovalState): void {
    const { state, now } = this;
    const current = state.votes.filter((v) => v.revision === state.revision);
    const here = current.filter((v) => v.gate === state.gate);
    const people = here.map((v) => normalisedAddress(v.approver));
    holds(new Set(people).size === people.length, "one person, one vote");
    const seats = here.map((v) => normalisedAddress(v.seat));
    holds(new Set(seats).size === seats.length, "one place, one vote");
    holds(!people.includes("sam@example.com"), "whoever requested it never votes");
    const isSame = (a: string, b: string) => normalisedAddress(a) === normalisedAddress(b);
    const lost = (person: string) =>
      state.people.findLast(
        (change) =>
          change.gate === before.gate && (isSame(change.from, person) || isSame(change.to ?? "", person)),
      )?.to === null;
    const earlier = (person: string) =>
      before.votes.some((vote) => vote.revision === before.revision && isSame(vote.approver, person));
    for (const { approver, seat } of state.votes.slice(before.votes.length)) {
      const named = state.delegations.some(
        ({ id, from, to, starts_at, ends_at }) =>
          isSame(from, seat) &&
          isSame(to, approver) &&
          Date.parse(starts_at) <= now.getTime() &&
          now.getTime() < Date.parse(ends_at) &&
          !state.undelegated?.includes(id),
      );
      holds(
        isSame(approver, seat) || (named && !lost(approver) && !earlier(approver)),
        "in another's place decides only whom that person named, in that time, and who neither was sent away nor decided a gate before",
      );
    }
    const anew = state.revision === before.revision + 1 && state.gate === 0;
    holds(anew || state.gate === before.gate || state.gate === before.gate + 1, "gates go one by one");
    const concluded = isConcluded(before);
    const kept =
      state.status === before.status && state.votes === before.votes && state.concluded === before.concluded;
    holds(!concluded || kept, "a conclusion is final");
    holds(isConcluded(state) || Date.parse(state.deadline_at) > now.getTime(), "it ends by its deadline");
    const gates = state.plan.gates.map((gate, i) => ({
      need: gate.need,
      said: current.filter((v) => v.gate === i && v.decision === "approve").length,
    }));
    const passed = state.status === "approved" ? gates : gates.slice(0, state.gate);
    holds(
      passed.every((gate) => gate.said >= gate.need),
      "a gate is passed by as many as it needs",
    );
    const due = approvalDue(state, now);
    const wake = approvalWakeAt(state, now);
    holds(wake !== null || isApprovalAtRest(state), "it wakes until it is at rest");
    holds(
      wake === null || Date.parse(wake) > now.getTime() || due.length > 0,
      "it wakes only to do something",
    );
    holds(due.filter((work) => work.effect.kind === "report").length <= 1, "one report at a time");
  }
}
