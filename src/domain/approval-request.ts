import type { Callback, Delegation, OpenApproval } from "./approval.ts";
import { distinctPeople, normalisedAddress } from "./address.ts";
import { type ApprovalPlan, type Policy, calendarsOf, planApproval, planTier } from "./policy.ts";

/** What somebody asks to be approved, by itself. */
export interface ApprovalRequest {
  title: string;
  description: string | null;
  /** Both or neither. */
  amount: number | null;
  currency: string | null;
  customer: string | null;
  reason: string | null;
  requested_by: string | null;
  metadata: Record<string, string>;
  order_id: string | null;
  /** Who is asked: gates as given, else the policy's tier of this name, else what the policy asks for such an order. */
  gates: { name: string; need: number; approvers: string[]; confirm_amount: boolean }[] | null;
  ask: string | null;
  expires_in_s: number | null;
  callback: Callback | null;
}

/** What a plan says whose gates were given with the request. */
export const NAMED_BY_REQUEST = "the request names them";

const DEFAULT_TIMING = { remind_after_s: 86_400, escalate_after_s: 2 * 86_400, expire_after_s: 5 * 86_400 };

/** Why a request cannot be asked: the field at fault, and what to do. */
export interface RequestObstacle {
  path: string;
  message: string;
}

/** Who is asked about a request. */
export function planRequest(policy: Policy, request: ApprovalRequest): ApprovalPlan | RequestObstacle {
  const plan = request.gates ? planGates(policy, request) : planByPolicy(policy, request);
  if (!plan)
    return {
      path: "ask",
      message: "the policy asks nobody for this: name a tier in ask, or people in gates",
    };
  if ("path" in plan) return plan;
  if (plan.obstacle) return { path: request.gates ? "gates" : "requested_by", message: plan.obstacle };
  return request.expires_in_s === null ? plan : { ...plan, expire_after_s: request.expires_in_s };
}

function planByPolicy(policy: Policy, request: ApprovalRequest): ApprovalPlan | RequestObstacle | null {
  const { amount, currency, ask, requested_by, customer, metadata } = request;
  if (ask !== null)
    return Object.hasOwn(policy.rules.tiers, ask)
      ? planTier(policy, ask, `tier ${ask}`, { requested_by })
      : {
          path: "ask",
          message: `there is no tier ${ask}; the policy has ${Object.keys(policy.rules.tiers).join(", ")}`,
        };
  if (amount === null || currency === null)
    return planTier(policy, policy.rules.orders.highest, "orders.highest, as there is no amount", {
      requested_by,
    });
  return planApproval(policy, { kind: "order", amount, currency, customer, metadata, requested_by });
}

function planGates(policy: Policy, { gates, requested_by }: ApprovalRequest): ApprovalPlan | RequestObstacle {
  const asked = (gates ?? []).map((gate) => ({
    ...gate,
    approvers: distinctPeople(gate.approvers).filter(
      (person) => requested_by === null || normalisedAddress(person) !== normalisedAddress(requested_by),
    ),
  }));
  const short = asked.findIndex((gate) => gate.approvers.length < gate.need);
  if (short >= 0)
    return {
      path: `gates.${short}.approvers`,
      message: "must name enough people: each counts once, and whoever requests it may not approve",
    };
  return {
    policy_version: policy.version,
    because: NAMED_BY_REQUEST,
    gates: asked,
    ...DEFAULT_TIMING,
    escalate_to: [],
    before_capture_deadline_s: 0,
    on_timeout: "reject",
    ...calendarsOf(
      policy.rules,
      asked.flatMap(({ approvers }) => approvers),
    ),
  };
}

/** The approval of a request, ready to be opened. */
export const openingOf = (
  id: string,
  tenant: string,
  request: ApprovalRequest,
  plan: ApprovalPlan,
  delegations: Delegation[],
): OpenApproval => ({
  id,
  tenant,
  order_id: request.order_id,
  refund_id: null,
  callback: request.callback,
  subject: {
    kind: "request",
    amount: request.amount,
    currency: request.currency,
    reference: request.title,
    description: request.description,
    customer: request.customer,
    requested_by: request.requested_by,
    reason: request.reason,
    items: [],
    order_id: request.order_id,
  },
  plan,
  delegations,
  capture_before: null,
});
