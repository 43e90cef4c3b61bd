import { z } from "zod";
import type { Dispute } from "./objects.ts";

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
/** Evidence before anybody gave any. */
export const noEvidence = () => {
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

export const evidenceShape = z.object({
  ...Object.fromEntries(TEXTS.map((name) => [name, z.string().max(20_000).optional()])),
  enhanced_evidence: z.unknown().optional(),
});

/** Takes over what was given; an empty text takes a piece back. */
export function addEvidence(dispute: Dispute, evidence: Record<string, unknown>): void {
  for (const name of TEXTS) {
    const value = evidence[name];
    if (typeof value === "string") dispute.evidence[name] = value === "" ? null : value;
  }
  const has = TEXTS.some((name) => dispute.evidence[name] !== null);
  dispute.evidence_details = { ...dispute.evidence_details, has_evidence: has };
}
