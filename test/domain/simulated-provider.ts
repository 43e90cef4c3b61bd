import type { LedgerAccount } from "../../src/domain/ledger.ts";
import type { EffectResult, OrderFacts, OrderMessage, SessionSnapshot } from "../../src/domain/order.ts";
import type {
  DisputeSnapshot,
  PaymentSnapshot,
  PaymentStatus,
  RefundSnapshot,
  RefundStatus,
} from "../../src/domain/payment.ts";

/** Why a call had no result, as the port says it. */
export class Refusal extends Error {
  readonly retry: boolean;
  constructor(message: string, retry: boolean) {
    super(message);
    this.retry = retry;
  }
}

/** What a card does when it is tried. */
export const CARDS = ["good", "declined", "stolen", "3ds", "slow"] as const;
export type Card = (typeof CARDS)[number];

interface Payment {
  id: string;
  status: PaymentStatus;
  manual: boolean;
  amount: number;
  currency: string;
  failure: { code: string; message: string } | null;
  capture_before: string | null;
  authorized: number;
  captured: number;
  captures: number;
  voids: number;
  lapsed: boolean;
}

interface Refund extends RefundSnapshot {
  status: RefundStatus;
}

const HOUR = 3_600_000;
const LAPSE_MS = 7 * 24 * HOUR;

/**
 * A payment provider in memory, with one order's payment: the rules of Stripe's objects as far as an order depends on
 * them. Everything that changes is kept as an event; nothing is delivered by itself.
 */
export class SimulatedProvider {
  payment: Payment | null = null;
  session: { id: string; status: SessionSnapshot["status"]; expires_at: number } | null = null;
  refunds: Refund[] = [];
  dispute: DisputeSnapshot | null = null;
  /** Everything that was ever told, oldest first. */
  readonly events: OrderMessage[] = [];
  /** What the next payment is opened with, when it is not what was asked. */
  wrong: { amount?: number; currency?: string } = {};
  readonly #facts: OrderFacts;
  readonly #manual: boolean;
  readonly #answers = new Map<string, EffectResult | Refusal>();
  readonly #clock: () => Date;

  constructor(facts: OrderFacts, manual: boolean, clock: () => Date) {
    this.#facts = facts;
    this.#manual = manual;
    this.#clock = clock;
  }

  /** What is held and neither captured nor given back. */
  get held(): number {
    return this.payment?.status === "requires_capture" ? this.payment.authorized : 0;
  }
  get captured(): number {
    return this.payment?.captured ?? 0;
  }
  get refunded(): number {
    return this.refunds
      .filter((r) => r.status !== "failed" && r.status !== "canceled")
      .reduce((sum, r) => sum + r.amount, 0);
  }

  /** Its books, as a ledger of the order should show them. */
  accounts(): Record<LedgerAccount, number> {
    const { withdrawn = 0, reinstated = 0, fee = 0, status } = this.dispute ?? {};
    const fees = fee + (this.captured > 0 ? 30 : 0);
    const kept = status === "lost" ? 0 : withdrawn - reinstated;
    return {
      customer: this.refunded + (status === "lost" ? withdrawn : 0) - this.held - this.captured,
      authorization: this.held,
      balance: this.captured - this.refunded - withdrawn + reinstated - fees,
      dispute: kept,
      fees,
    };
  }

  // --- our calls ----------------------------------------------------------------------------------------------------

  open(key: string): EffectResult {
    return this.#once(key, () => {
      if (this.#facts.payment_mode === "checkout") {
        this.session = { id: "cs_1", status: "open", expires_at: this.#clock().getTime() + 24 * HOUR };
        return { kind: "session", session: this.#session() };
      }
      const payment = this.#newPayment();
      this.#tell();
      if (this.#facts.payment_mode === "confirm") this.#try(payment, this.#facts.payment_method as Card);
      return { kind: "payment", payment: this.snapshot() };
    });
  }

  confirm(card: string, key: string): EffectResult {
    return this.#once(key, () => {
      const payment = this.payment;
      if (payment?.status !== "requires_payment_method") throw new Refusal("unexpected state", false);
      this.#try(payment, card as Card);
      return { kind: "payment", payment: this.snapshot() };
    });
  }

  capture(amount: number, key: string): EffectResult {
    return this.#once(key, () => {
      if (this.payment?.status === "requires_capture") this.#capture(amount);
      return this.#final();
    });
  }

  void(key: string): EffectResult {
    return this.#once(key, () => {
      const open = this.session?.status === "open";
      if (this.payment && !open && !["succeeded", "canceled", "processing"].includes(this.payment.status))
        this.#cancel();
      return this.#final();
    });
  }

  expireSession(key: string): EffectResult {
    return this.#once(key, () => {
      this.#expire();
      return { kind: "session", session: this.#session() };
    });
  }

  refund(
    amount: number,
    refundId: string | null,
    key: string,
    outcome: RefundStatus = "succeeded",
  ): EffectResult {
    return this.#once(key, () => ({ kind: "refund", refund: this.#refund(amount, refundId, outcome) }));
  }

  // --- what the customer does ---------------------------------------------------------------------------------------

  /** On the hosted page, or in the merchant's own form. */
  pay(card: Card): void {
    if (this.session ? this.session.status !== "open" : this.#facts.payment_mode === "checkout") return;
    const payment = this.payment ?? (this.session ? this.#newPayment() : null);
    if (payment?.status === "requires_payment_method") this.#try(payment, card);
  }

  /** Ends 3-D Secure, or a slow payment's wait. */
  authenticate(passed: boolean): void {
    const { payment } = this;
    if (payment?.status !== "requires_action" && payment?.status !== "processing") return;
    if (passed) this.#pass(payment);
    else this.#fail(payment, "authentication_failed");
  }

  // --- what happens at the provider ---------------------------------------------------------------------------------

  captureAtDashboard(amount = Infinity): void {
    if (this.payment?.status === "requires_capture") this.#capture(Math.min(amount, this.payment.amount));
  }

  cancelAtDashboard(): void {
    if (this.payment && this.held > 0) this.#cancel();
  }

  refundAtDashboard(amount: number, outcome: RefundStatus = "succeeded"): void {
    if (amount > 0 && amount <= this.captured - this.refunded) this.#refund(amount, null, outcome);
  }

  /** A pending refund arrives, or any refund comes back. */
  endRefund(index: number, outcome: "succeeded" | "failed"): void {
    const refund = this.refunds[index];
    if (!refund || refund.status === "failed" || refund.status === "canceled" || refund.status === outcome)
      return;
    refund.status = outcome;
    refund.failure = outcome === "failed" ? "lost_or_stolen_card" : null;
    this.#emit({ type: "refund.seen", refund: { ...refund }, source: "webhook" });
  }

  changeDispute(status: "needs_response" | "under_review" | "won" | "lost"): void {
    if (this.captured === 0 || (this.dispute === null) !== (status === "needs_response")) return;
    if (this.dispute && ["won", "lost"].includes(this.dispute.status)) return;
    const amount = this.dispute?.amount ?? this.captured;
    this.dispute = {
      id: "dp_1",
      status,
      amount,
      reason: "fraudulent",
      withdrawn: amount,
      reinstated: status === "won" ? amount : 0,
      fee: 15,
    };
    this.#emit({ type: "dispute.seen", dispute: { ...this.dispute }, source: "webhook" });
  }

  /** What time alone brings: sessions expire, authorizations lapse. */
  tick(): void {
    const now = this.#clock().getTime();
    if (this.session && this.session.expires_at <= now) this.#expire();
    if (this.payment?.capture_before && this.held > 0 && Date.parse(this.payment.capture_before) <= now) {
      this.payment.lapsed = true;
      this.#cancel();
    }
  }

  /** When `tick` would next bring something. */
  nextAt(): number | null {
    if (this.session?.status === "open") return this.session.expires_at;
    return this.payment?.capture_before && this.held > 0 ? Date.parse(this.payment.capture_before) : null;
  }

  snapshot(): PaymentSnapshot {
    const payment = this.payment!;
    return {
      id: payment.id,
      status: payment.status,
      amount: payment.amount,
      currency: payment.currency,
      amount_capturable: payment.status === "requires_capture" ? payment.authorized : 0,
      amount_captured: payment.captured,
      capture_before: payment.capture_before,
      client_secret: `${payment.id}_secret`,
      failure: payment.failure,
      cancellation_reason: payment.lapsed ? "automatic" : null,
      fee: payment.captured > 0 ? 30 : null,
    };
  }

  // --- within -------------------------------------------------------------------------------------------------------

  /** The first answer to a key is the answer to every repetition; what may pass later is not kept. */
  #once(key: string, run: () => EffectResult): EffectResult {
    const known = this.#answers.get(key);
    if (known instanceof Refusal) throw known;
    if (known) return structuredClone(known);
    try {
      const answer = run();
      this.#answers.set(key, structuredClone(answer));
      return answer;
    } catch (error) {
      if (error instanceof Refusal && !error.retry) this.#answers.set(key, error);
      throw error;
    }
  }

  #emit(event: OrderMessage): void {
    this.events.push(structuredClone(event));
  }

  #tell(): void {
    this.#emit({ type: "payment.seen", payment: this.snapshot(), source: "webhook" });
  }

  #newPayment(): Payment {
    this.payment = {
      id: "pi_1",
      status: "requires_payment_method",
      manual: this.#manual,
      amount: this.wrong.amount ?? this.#facts.amount,
      currency: this.wrong.currency ?? this.#facts.currency,
      failure: null,
      capture_before: null,
      authorized: 0,
      captured: 0,
      captures: 0,
      voids: 0,
      lapsed: false,
    };
    return this.payment;
  }

  #session(): SessionSnapshot {
    const session = this.session!;
    return {
      id: session.id,
      status: session.status,
      url: session.status === "open" ? "http://pay/cs_1" : null,
      payment: this.payment ? this.snapshot() : null,
      payment_id: this.payment?.id ?? null,
    };
  }

  #final(): EffectResult {
    if (!this.payment || !["succeeded", "canceled"].includes(this.payment.status))
      throw new Refusal(`the payment is ${this.payment?.status}`, true);
    return { kind: "payment", payment: this.snapshot() };
  }

  #try(payment: Payment, card: Card): void {
    payment.failure = null;
    switch (card) {
      case "good":
        return this.#pass(payment);
      case "declined":
      case "stolen":
        return this.#fail(payment, card === "stolen" ? "stolen_card" : "generic_decline");
      case "3ds":
        payment.status = "requires_action";
        return this.#tell();
      case "slow":
        payment.status = "processing";
        this.#complete();
        return this.#tell();
    }
  }

  #pass(payment: Payment): void {
    payment.authorized = payment.amount;
    payment.failure = null;
    if (payment.manual) {
      payment.status = "requires_capture";
      payment.capture_before = new Date(this.#clock().getTime() + LAPSE_MS).toISOString();
      this.#tell();
    } else this.#capture(payment.amount);
    this.#complete();
  }

  #fail(payment: Payment, code: string): void {
    payment.status = "requires_payment_method";
    payment.failure = { code, message: `Your card was declined: ${code}.` };
    this.#tell();
  }

  #complete(): void {
    if (this.session?.status !== "open") return;
    this.session.status = "complete";
    this.#emit({ type: "session.seen", session: { ...this.#session(), payment: null }, source: "webhook" });
  }

  #expire(): void {
    if (this.session?.status !== "open") return;
    this.session.status = "expired";
    if (this.payment && this.payment.status !== "canceled") this.#cancel();
    this.#emit({ type: "session.seen", session: { ...this.#session(), payment: null }, source: "webhook" });
  }

  #capture(amount: number): void {
    const payment = this.payment!;
    payment.status = "succeeded";
    payment.captured = amount;
    payment.captures += 1;
    this.#tell();
  }

  #cancel(): void {
    const payment = this.payment!;
    if (payment.status === "requires_capture") payment.voids += 1;
    payment.status = "canceled";
    this.#tell();
  }

  #refund(amount: number, refundId: string | null, outcome: RefundStatus): RefundSnapshot {
    if (amount <= 0 || amount > this.captured - this.refunded)
      throw new Refusal(`only ${this.captured - this.refunded} can be refunded`, false);
    const refund: Refund = {
      id: `re_${this.refunds.length + 1}`,
      refund_id: refundId,
      status: outcome,
      amount,
      failure: outcome === "failed" ? "declined" : null,
    };
    this.refunds.push(refund);
    this.#emit({ type: "refund.seen", refund: { ...refund }, source: "webhook" });
    this.#emit({ type: "charge.refunded", amount_refunded: this.refunded, source: "webhook" });
    return { ...refund };
  }
}
