import { expect } from "vitest";
import { subjectHash, type ApprovalStatus, type ApprovalView } from "../../src/domain/approval.ts";
import type { Actor, AuditDraft } from "../../src/domain/audit-entry.ts";
import { ledgerOf } from "../../src/domain/ledger.ts";
import { isCapturedByUs } from "../../src/domain/order-capture.ts";
import { subjectOf } from "../../src/domain/order-subject.ts";
import { decideOrder, newOrder, orderDue, orderWakeAt } from "../../src/domain/order-decide.ts";
import {
  isAtRest,
  isEnd,
  refundableAmount,
  refundedAmount,
  type AlertKind,
  type Amendment,
  type EffectResult,
  type OrderEffect,
  type OrderFacts,
  type OrderMessage,
  type OrderState,
} from "../../src/domain/order.ts";
import type { ApprovalPlan } from "../../src/domain/policy.ts";
import type { Todo } from "../../src/domain/todo.ts";
import { holds } from "./property.ts";
import { Refusal, SimulatedProvider, type Card } from "./simulated-provider.ts";

export const T0 = "2026-01-01T00:00:00.000Z";
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

export const ada: Actor = { type: "api", id: "ada@example.com" };

export const plan: ApprovalPlan = {
  policy_version: "0123456789ab",
  gates: [{ name: "finance", need: 1, approvers: ["finance@example.com"] }],
  remind_after_s: 86_400,
  escalate_after_s: 2 * 86_400,
  escalate_to: ["cfo@example.com"],
  expire_after_s: 5 * 86_400,
  before_capture_deadline_s: 86_400,
};

export const facts = (change: Partial<OrderFacts> = {}): OrderFacts => ({
  id: "ord_01kdw1m80000000000000000aa",
  tenant: "dev",
  reference: "PO-1",
  amount: 1_250,
  currency: "usd",
  description: null,
  customer: { email: "buyer@example.com", name: "Ada" },
  requested_by: "sam@example.com",
  items: [
    { sku: "pen", quantity: 2, unit_amount: 500 },
    { sku: "ink", quantity: 1, unit_amount: 250 },
  ],
  payment_mode: "checkout",
  payment_method: null,
  capture: "automatic",
  provider: "stripe",
  fulfilment: "none",
  metadata: {},
  created_at: T0,
  ...change,
});

/** Whether people may still decide; one about an order that was sent back for changes may be asked again. */
const isOpen = ({ status, kind }: ApprovalView): boolean =>
  status === "pending" || (status === "changes_requested" && kind === "order");

/** How an effect goes: it works; nothing happens, for now or for good; or it works and nobody hears of it. */
export type Outcome = "ok" | "down" | "refused" | "lost";

interface Options {
  facts?: Partial<OrderFacts>;
  plan?: ApprovalPlan | null;
}

/**
 * An order with the world around it: a provider, approvers and a clock. Nothing moves by itself; whoever drives it says
 * which event arrives and which effect is performed. After every message the invariants are checked.
 */
export class World {
  now = new Date(T0);
  state: OrderState;
  readonly entries: AuditDraft[] = [];
  readonly provider: SimulatedProvider;
  readonly approvals = new Map<string, ApprovalView>();
  /** Reports on their way, in order. */
  readonly reports: OrderMessage[] = [];
  /** Provider events not delivered yet, and those that were. */
  readonly underway: OrderMessage[] = [];
  readonly delivered: OrderMessage[] = [];
  /** What the operator was told. */
  readonly alerts: AlertKind[] = [];
  /** Every status that the order was in, in order. */
  readonly path: string[];
  refundOutcome: "succeeded" | "pending" | "failed" = "succeeded";
  /** Set once an effect was refused for good without reason: then the provider's books may differ. */
  unfair = false;
  #seen = 0;
  #commands = 0;

  constructor(options: Options = {}) {
    const order = facts(options.facts);
    this.state = newOrder(order, options.plan ?? null);
    this.path = [this.state.status];
    this.provider = new SimulatedProvider(order, isCapturedByUs(this.state), () => this.now);
    this.send({ type: "submitted" });
  }

  // --- messages -----------------------------------------------------------------------------------------------------

  send(message: OrderMessage): AuditDraft[] {
    const before = this.state;
    const { state, entries } = decideOrder(before, message, this.now);
    this.state = state;
    this.entries.push(...entries);
    if (state.status !== this.path.at(-1)) this.path.push(state.status);
    this.#checkRepetition(message);
    this.#check(before);
    return entries;
  }

  cancel = (reason = "changed their mind") => this.send({ type: "cancel", actor: ada, reason });
  note = (text: string) => this.send({ type: "note", actor: ada, text });
  fulfil = (sku: string, quantity = 1) => this.send({ type: "fulfilment", actor: ada, sku, quantity });
  retryWith = (card: Card) => this.send({ type: "payment_method", actor: ada, payment_method: card });
  amend = (change: Amendment) => this.send({ type: "amend", actor: ada, change });
  capture = (amount: number | null = null) => this.send({ type: "capture", actor: ada, amount });
  resolve = (action: "accept" | "give_back") =>
    this.send({ type: "resolve", actor: ada, action, reason: "looked at it" });
  refund(amount: number | null, refundPlan: ApprovalPlan | null = null): string {
    const refund_id = `rfd_${++this.#commands}`;
    this.send({ type: "refund", actor: ada, refund_id, amount, reason: "broken", plan: refundPlan });
    return refund_id;
  }

  // --- the provider's events ----------------------------------------------------------------------------------------

  /** What the provider has to tell is now underway. */
  collect(): void {
    this.underway.push(...this.provider.events.slice(this.#seen));
    this.#seen = this.provider.events.length;
  }

  deliver(index: number): void {
    this.collect();
    const [event] = this.underway.splice(index % Math.max(this.underway.length, 1), 1);
    if (!event) return;
    this.delivered.push(event);
    this.send(event);
  }

  deliverAll(): void {
    for (this.collect(); this.underway.length > 0; this.collect()) this.deliver(0);
  }

  redeliver(index: number): void {
    const event = this.delivered[index % Math.max(this.delivered.length, 1)];
    if (event) this.send(event);
  }

  // --- effects ------------------------------------------------------------------------------------------------------

  get due(): Todo<OrderEffect>[] {
    return orderDue(this.state, this.now);
  }

  asked = (kind: OrderEffect["kind"]): Todo<OrderEffect>[] =>
    this.state.todo.filter((w) => w.effect.kind === kind);

  /** Performs all that is due side by side, as the engine does, and only then hears of the outcomes. */
  perform(outcome: Outcome | ((work: Todo<OrderEffect>, index: number) => Outcome) = "ok"): void {
    const how = typeof outcome === "function" ? outcome : () => outcome;
    for (const message of this.due.map((work, i) => this.#attempt(work, how(work, i)))) this.send(message);
  }

  /** Performs and hears until nothing is due; a clock that stands still must see an end of it. */
  performAll(): void {
    let rounds = 0;
    for (; this.due.length > 0; rounds++) {
      expect(rounds, `no end of ${this.due.map((w) => w.key).join()}`).toBeLessThan(12);
      this.perform();
    }
  }

  #attempt(work: Todo<OrderEffect>, outcome: Outcome): OrderMessage {
    const { key } = work;
    const failed = (reason: string, code: string, retry: boolean): OrderMessage => ({
      type: "effect.failed",
      key,
      reason,
      code,
      retry,
    });
    if (outcome === "down") return failed("connection refused", "network", true);
    if (outcome === "refused") {
      this.unfair = true;
      return failed("the provider does not want to", "refused", false);
    }
    try {
      const result = this.#perform(work);
      return outcome === "lost" ? failed("timed out", "network", true) : { type: "effect.done", key, result };
    } catch (error) {
      if (error instanceof Refusal) return failed(error.message, "unexpected_state", error.retry);
      throw error;
    }
  }

  #perform({ key, effect }: Todo<OrderEffect>): EffectResult {
    switch (effect.kind) {
      case "open_payment":
        return this.provider.open(key);
      case "confirm_payment":
        return this.provider.confirm(effect.payment_method, key);
      case "capture":
        return this.provider.capture(effect.amount, key);
      case "void":
        return this.provider.void(key);
      case "expire_session":
        return this.provider.expireSession(key);
      case "refund":
        return this.provider.refund(effect.amount, effect.refund_id, key, this.refundOutcome);
      case "open_approval":
        return this.#openApproval(effect);
      case "withdraw_approval":
        this.decideApproval("withdrawn", effect.approval_id);
        return { kind: "done" };
      case "amend_approval":
        return this.#amendApproval(effect.approval_id);
      case "erase_rest":
        return { kind: "erased", webhooks: 0 };
      case "alert_operator":
        this.alerts.push(effect.alert);
        return { kind: "done" };
    }
  }

  // --- approvals ----------------------------------------------------------------------------------------------------

  #openApproval({
    approval_id,
    subject,
    refund_id,
  }: Extract<OrderEffect, { kind: "open_approval" }>): EffectResult {
    // The answer to a repetition is the first answer, whatever was decided since.
    const approval: ApprovalView = {
      id: approval_id,
      object: "approval",
      version: 0,
      kind: subject,
      refund_id,
      subject_hash: subjectHash(
        subjectOf(this.state, this.state.refunds.find((refund) => refund.id === refund_id) ?? null),
      ),
      status: "pending",
      gate: "finance",
      needed: 1,
      waiting_for: ["finance@example.com"],
      votes: [],
      deadline_at: new Date(this.now.getTime() + 5 * DAY).toISOString(),
      decided_by: null,
      decided_at: null,
    };
    if (!this.approvals.has(approval_id)) {
      this.approvals.set(approval_id, { ...approval, version: 1 });
      this.#report(approval_id, "approval.requested");
    }
    return { kind: "approval", approval };
  }

  /** What is decided is not asked again. */
  #amendApproval(id: string): EffectResult {
    const approval = this.approvals.get(id);
    if (!approval) throw new Refusal("the approval is not open yet", true);
    const subject_hash = subjectHash(subjectOf(this.state, null));
    if (isOpen(approval) && subject_hash !== approval.subject_hash) {
      this.approvals.set(id, {
        ...approval,
        subject_hash,
        status: "pending",
        version: approval.version + 1,
      });
      this.#report(id, "approval.amended");
    }
    return { kind: "done" };
  }

  #report(id: string, type: string): void {
    const approval = structuredClone(this.approvals.get(id)!);
    const actor: Actor = { type: "approver", id: "finance@example.com" };
    const entries: AuditDraft[] = [{ type, actor, data: { approval_id: id } }];
    this.reports.push({ type: "approval.reported", approval, entries });
  }

  /** Somebody decides, or time does. What is decided stays. */
  decideApproval(status: Exclude<ApprovalStatus, "pending">, id?: string): void {
    const ends = status === "expired" || status === "withdrawn";
    const pending = [...this.approvals.values()].filter((a) => (ends ? isOpen(a) : a.status === "pending"));
    const approval = id === undefined ? pending.at(-1) : pending.find((a) => a.id === id);
    if (!approval) return;
    const by = { decided_by: "finance@example.com", decided_at: this.now.toISOString() };
    this.approvals.set(approval.id, {
      ...approval,
      ...by,
      status,
      gate: null,
      version: approval.version + 1,
    });
    this.#report(approval.id, `approval.${status}`);
  }

  hear(): void {
    const report = this.reports.shift();
    if (report) this.send(report);
  }

  // --- time ---------------------------------------------------------------------------------------------------------

  wait(ms: number): void {
    this.now = new Date(this.now.getTime() + ms);
    this.provider.tick();
    for (const approval of [...this.approvals.values()])
      if (Date.parse(approval.deadline_at) <= this.now.getTime()) this.decideApproval("expired", approval.id);
    this.send({ type: "clock" });
  }

  /** Everything that is due and underway, at this moment of the clock. */
  settle(): void {
    for (let rounds = 0; ; rounds++) {
      expect(rounds, "the world does not come to rest").toBeLessThan(40);
      this.performAll();
      this.collect();
      if (this.underway.length > 0) this.deliver(0);
      else if (this.reports.length > 0) this.hear();
      else return;
    }
  }

  /** Lets everything happen that has to, and time pass, until nothing is left to wait for. */
  toRest(): void {
    for (let rounds = 0; rounds < 300; rounds++) {
      this.settle();
      // Slow payments and pending refunds come to their end by themselves.
      if (this.provider.payment?.status === "processing") this.provider.authenticate(true);
      this.provider.refunds.forEach(
        (r, i) => r.status === "pending" && this.provider.endRefund(i, "succeeded"),
      );
      this.settle();
      const times = [
        orderWakeAt(this.state),
        ...[...this.approvals.values()].filter(isOpen).map((a) => a.deadline_at),
      ].flatMap((time) => (time === null ? [] : [Date.parse(time)]));
      const next = Math.min(...times, this.provider.nextAt() ?? Infinity);
      if (next === Infinity) return this.#checkEnd();
      this.wait(Math.max(next - this.now.getTime(), 1));
    }
    expect.fail(`no end: ${JSON.stringify(this.state)}`);
  }

  types = (): string[] => this.entries.map((entry) => entry.type);
  told = (type: string): AuditDraft[] => this.entries.filter((entry) => entry.type === type);

  // --- invariants ---------------------------------------------------------------------------------------------------

  #checkRepetition(message: OrderMessage): void {
    // A command asks again, and an attempt that failed is one more attempt.
    if (
      ["cancel", "refund", "note", "fulfilment", "payment_method", "amend", "capture", "resolve"].includes(
        message.type,
      )
    )
      return;
    if (message.type === "effect.failed" && message.retry) return;
    const again = decideOrder(this.state, message, this.now);
    // An event of another payment is answered each time that the provider tells it.
    const news = again.entries.filter((entry) => entry.type !== "message.ignored");
    if (news.length > 0) expect(again.entries, `${message.type} told twice`).toEqual([]);
    if (JSON.stringify(again.state) !== JSON.stringify(this.state))
      expect(again.state, `${message.type} changes twice`).toEqual(this.state);
  }

  #check(before: OrderState): void {
    const { state, provider } = this;
    const { payment } = state;
    const refundable = refundableAmount(state);
    holds(payment.amount_captured <= payment.amount_authorized, "captured is at most what was authorized");
    holds(refundedAmount(state) <= payment.amount_captured, "refunded is at most what was captured");
    holds(refundable <= payment.amount_captured, "refundable is at most what was captured");
    holds(provider.captured <= (provider.payment?.authorized ?? 0), "the provider captured what it held");
    holds(provider.refunded <= provider.captured, "the provider refunded what it captured");
    holds((provider.payment?.captures ?? 0) <= 1, "the provider captured once");
    holds(this.asked("capture").length <= 1, "one capture is outstanding");
    holds(new Set(state.todo.map((work) => work.key)).size === state.todo.length, "every key is used once");
    const { accounts } = ledgerOf(state);
    holds(Object.values(accounts).reduce((sum, amount) => sum + amount, 0) === 0, "the ledger balances");
    holds(accounts.authorization >= 0, "no more is captured or released than was held");
    holds(accounts.dispute >= 0, "no more comes back from disputes than was taken");
    holds(isEnd(state.status) === (state.ended_at !== null), "an order has ended when its status is an end");
    holds(before.ended_at === null || state.ended_at === before.ended_at, "what has ended stays ended");
    holds(!isAtRest(state) || state.todo.length === 0, "at rest there is nothing to do");
    holds(state.ended_at === null || this.asked("capture").length === 0, "an ended order captures nothing");
    if (orderWakeAt(state) === null && !isAtRest(state)) this.#checkWaiting();
  }

  /** Without a time to wake, somebody else has the next word: an approval. */
  #checkWaiting(): void {
    const { state } = this;
    expect(state.todo).toEqual([]);
    expect(state.approvals.some(isOpen), `nothing would wake ${state.status}`).toBe(true);
  }

  #checkEnd(): void {
    const { state, provider } = this;
    expect(isAtRest(state), `${state.status} is no end`).toBe(true);
    expect(JSON.parse(JSON.stringify(state)), "stored as JSON").toEqual(state);
    if (this.unfair) return;
    expect(provider.held, "held after the end").toBe(0);
    expect(ledgerOf(state).accounts, "the ledger is the provider's").toEqual(provider.accounts());
    expect(state.payment.amount_captured).toBe(provider.captured);
    expect(refundedAmount(state)).toBe(provider.refunded);
    expect(state.approvals.filter(isOpen)).toEqual([]);
    if (state.ending && !provider.dispute && provider.refunds.every((r) => r.status === "succeeded"))
      expect(provider.refunded, `${state.status} keeps money`).toBe(provider.captured);
  }
}
