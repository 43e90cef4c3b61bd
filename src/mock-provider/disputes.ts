import { z } from "zod";
import { move } from "./balance.ts";
import type { Actor, Call } from "./call.ts";
import { addEvidence, evidenceShape, noEvidence } from "./dispute-evidence.ts";
import { changing } from "./changes.ts";
import { badState, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { book } from "./ledger.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Charge, Dispute } from "./objects.ts";
import { boolean, created, mergeMetadata, metadata, paging, parseParams, text } from "./params.ts";
import { randomId } from "./random-id.ts";

const FEE = 1500;
type Reason = "fraudulent" | "product_not_received" | "inquiry" | "noncompliant";
/** Visa's reason codes. */
const CODES: Record<Reason, string> = {
  fraudulent: "10.4",
  product_not_received: "13.1",
  inquiry: "10.4",
  noncompliant: "10.4",
};

/** The cardholder contests a charge; but for an inquiry the money leaves at once. https://docs.stripe.com/disputes */
export function openDispute(
  actor: Actor,
  charge: Charge,
  kind: Reason,
  amount = charge.amount_captured - refundedOf(charge),
): Dispute {
  const now = actor.world.clock.now();
  const inquiry = kind === "inquiry";
  const dispute: Dispute = {
    id: randomId("du_1"),
    object: "dispute",
    amount,
    balance_transactions: [],
    charge: charge.id,
    created: now,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence(),
    evidence_details: {
      due_by: now + 9 * 86_400,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: "not_submitted",
    },
    intended_submission_method: null,
    is_charge_refundable: inquiry,
    livemode: false,
    metadata: {},
    network_reason_code: CODES[kind],
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: {
        brand: "visa",
        network: "visa",
        case_type: inquiry ? "inquiry" : kind === "noncompliant" ? "compliance" : "chargeback",
        network_reason_code: CODES[kind],
      },
      type: "card",
    },
    reason: inquiry ? "fraudulent" : kind,
    status: inquiry ? "warning_needs_response" : "needs_response",
  };
  const before = { disputed: charge.disputed };
  charge.disputed = true;
  actor.account.of.charges.put(charge);
  if (!inquiry) withdraw(actor, dispute);
  actor.account.of.disputes.put(dispute);
  emit(actor, "charge.dispute.created", dispute);
  if (!inquiry) emit(actor, "charge.dispute.funds_withdrawn", dispute);
  if (!before.disputed) emit(actor, "charge.updated", charge, before);
  return dispute;
}

const refundedOf = (charge: Charge) => charge.amount_refunded - (charge.amount - charge.amount_captured);

function withdraw(actor: Actor, dispute: Dispute): void {
  const { amount, currency, id } = dispute;
  dispute.balance_transactions = [
    move(actor, {
      type: "adjustment",
      category: "dispute",
      amount: -amount,
      fee: FEE,
      currency,
      source: id,
      description: `Chargeback withdrawal for ${dispute.charge}`,
    }),
  ];
  book(actor, dispute.payment_intent, { disputed: amount });
}

/** Ends a dispute. A won one brings the money back. */
export function decideDispute(actor: Actor, dispute: Dispute, outcome: "won" | "lost"): void {
  const before = { status: dispute.status };
  const inquiry = dispute.status.startsWith("warning_");
  dispute.status = inquiry ? "warning_closed" : outcome;
  if (!inquiry && outcome === "won") {
    const { amount, currency, id } = dispute;
    dispute.balance_transactions = [
      ...dispute.balance_transactions,
      move(actor, {
        type: "adjustment",
        category: "dispute_reversal",
        amount,
        fee: 0,
        currency,
        source: id,
        description: `Chargeback reversal for ${dispute.charge}`,
        availableAtOnce: true,
      }),
    ];
    book(actor, dispute.payment_intent, { disputed: -amount });
  }
  actor.account.of.disputes.put(dispute);
  emit(actor, "charge.dispute.updated", dispute, before);
  emit(actor, "charge.dispute.closed", dispute);
  if (!inquiry && outcome === "won") emit(actor, "charge.dispute.funds_reinstated", dispute);
}

export function disputeOf(actor: Actor, id: string): Dispute {
  const found = actor.account.of.disputes.get(id);
  if (!found) throw noSuch("dispute", id, "id");
  return found;
}

export function retrieveDispute(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  return disputeOf(call, call.path("id"));
}

const updateShape = z.object({
  evidence: evidenceShape.optional(),
  metadata: metadata.optional(),
  submit: boolean.optional(),
  intended_submission_method: text().optional(),
  ...expandable,
});

const isOpen = (dispute: Dispute) => ["needs_response", "warning_needs_response"].includes(dispute.status);

/**
 * Adds evidence and, unless `submit` is false, hands it in. In test mode `winning_evidence`, `losing_evidence` and
 * `escalate_inquiry_evidence` decide, https://docs.stripe.com/testing#disputes.
 */
export function updateDispute(call: Call): object {
  const params = parseParams(updateShape, call.params);
  const dispute = disputeOf(call, call.path("id"));
  const { evidence, submit } = params;
  if (evidence && !isOpen(dispute))
    throw badState("This dispute is already closed", undefined, { param: "evidence" });
  return changing(call, "charge.dispute.updated", dispute, () => {
    dispute.metadata = mergeMetadata(dispute.metadata, params.metadata);
    if (evidence) addEvidence(dispute, evidence);
    if (evidence && submit !== false) handIn(call, dispute);
    call.account.of.disputes.put(dispute);
  });
}

function handIn({ world, account }: Call, dispute: Dispute): void {
  dispute.status = dispute.status === "warning_needs_response" ? "warning_under_review" : "under_review";
  dispute.evidence_details = {
    ...dispute.evidence_details,
    submission_count: dispute.evidence_details.submission_count + 1,
    submission_method: "manual",
  };
  world.clock.schedule({
    at: world.clock.ms() + 1_000,
    account: account.name,
    task: "decide_dispute",
    object: dispute.id,
  });
}

/** The network's answer to evidence, some time after it was handed in. */
export function decideByEvidence(actor: Actor, id: string): void {
  const dispute = actor.account.of.disputes.get(id);
  if (!dispute?.status.endsWith("under_review")) return;
  const text = dispute.evidence.uncategorized_text;
  if (text === "winning_evidence") decideDispute(actor, dispute, "won");
  else if (text === "losing_evidence") decideDispute(actor, dispute, "lost");
}

/** Accepts the loss. */
export function closeDispute(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  const dispute = disputeOf(call, call.path("id"));
  if (!isOpen(dispute)) throw badState("This dispute is already closed");
  decideDispute(call, dispute, "lost");
  return dispute;
}

const listShape = z.object({
  ...paging,
  ...expandable,
  charge: text().optional(),
  payment_intent: text().optional(),
  created: created.optional(),
});

export function listDisputes(call: Call): object {
  const params = parseParams(listShape, call.params);
  return listed(call, call.account.of.disputes, params, "/v1/disputes", {
    matches: (each) =>
      matchesCreated(each, params.created) &&
      (params.charge === undefined || each.charge === params.charge) &&
      (params.payment_intent === undefined || each.payment_intent === params.payment_intent),
  });
}
