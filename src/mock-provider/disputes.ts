import { z } from "zod";
import { move } from "./balance.ts";
import type { Actor, Call } from "./call.ts";
import { badState, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { book } from "./ledger.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Charge, Dispute } from "./objects.ts";
import { boolean, created, mergeMetadata, metadata, paging, parseParams, text } from "./params.ts";
import { randomId } from "./random-id.ts";

const FEE = 1500;
const TEXTS = [
  "access_activity_log",
  "billing_address",
  "cancellation_policy",
  "cancellation_policy_disclosure",
  "cancellation_rebuttal",
  "customer_communication",
  "customer_email_address",
  "customer_name",
  "customer_purchase_ip",
  "customer_signature",
  "duplicate_charge_documentation",
  "duplicate_charge_explanation",
  "duplicate_charge_id",
  "product_description",
  "receipt",
  "refund_policy",
  "refund_policy_disclosure",
  "refund_refusal_explanation",
  "service_date",
  "service_documentation",
  "shipping_address",
  "shipping_carrier",
  "shipping_date",
  "shipping_documentation",
  "shipping_tracking_number",
  "uncategorized_file",
  "uncategorized_text",
] as const;
const noEvidence = () => {
  const evidence: Dispute["evidence"] = { ...blankTexts, enhanced_evidence: {} };
  return evidence;
};
const blankTexts: Record<(typeof TEXTS)[number], null> = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};

/** The cardholder contests a charge; but for an inquiry the money leaves at once. https://docs.stripe.com/disputes */
export function openDispute(
  actor: Actor,
  charge: Charge,
  kind: "fraudulent" | "product_not_received" | "inquiry",
): Dispute {
  const now = actor.world.clock.now();
  const inquiry = kind === "inquiry";
  const amount = charge.amount_captured - refundedOf(charge);
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
    network_reason_code: kind === "product_not_received" ? "13.1" : "10.4",
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: {
        brand: "visa",
        network: "visa",
        case_type: inquiry ? "inquiry" : "chargeback",
        network_reason_code: kind === "product_not_received" ? "13.1" : "10.4",
      },
      type: "card",
    },
    reason: kind === "product_not_received" ? "product_not_received" : "fraudulent",
    status: inquiry ? "warning_needs_response" : "needs_response",
  };
  charge.disputed = true;
  actor.account.of.charges.put(charge);
  if (!inquiry) withdraw(actor, dispute);
  actor.account.of.disputes.put(dispute);
  emit(actor, "charge.dispute.created", dispute);
  if (!inquiry) emit(actor, "charge.dispute.funds_withdrawn", dispute);
  emit(actor, "charge.updated", charge, { disputed: false });
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

const evidenceShape = z.object({
  ...Object.fromEntries(TEXTS.map((name) => [name, z.string().max(20_000).optional()])),
  enhanced_evidence: z.unknown().optional(),
});
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
  const before = { metadata: dispute.metadata, status: dispute.status };
  dispute.metadata = mergeMetadata(dispute.metadata, params.metadata);
  if (params.evidence) {
    if (!isOpen(dispute)) throw badState("This dispute is already closed", undefined, { param: "evidence" });
    const given: Record<string, unknown> = params.evidence;
    for (const name of TEXTS) {
      const value = given[name];
      if (typeof value === "string") dispute.evidence[name] = value === "" ? null : value;
    }
    dispute.evidence_details = { ...dispute.evidence_details, has_evidence: true };
  }
  const submitted = params.evidence !== undefined && params.submit !== false;
  if (submitted) {
    dispute.status = dispute.status === "warning_needs_response" ? "warning_under_review" : "under_review";
    dispute.evidence_details = {
      ...dispute.evidence_details,
      submission_count: dispute.evidence_details.submission_count + 1,
      submission_method: "manual",
    };
    const { world, account } = call;
    world.clock.schedule({
      at: world.clock.ms() + 1_000,
      account: account.name,
      task: "decide_dispute",
      object: dispute.id,
    });
  }
  call.account.of.disputes.put(dispute);
  emit(call, "charge.dispute.updated", dispute, before);
  return dispute;
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
