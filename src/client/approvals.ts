import type { z } from "zod";
import type {
  ApprovalAnswer,
  ApprovalStatus,
  CommandAnswer,
  CreatedApproval,
} from "../contract/answers/approvals.ts";
import type { createApproval } from "../contract/approval-requests.ts";
import type { decide, reassign, resend, revoke } from "../contract/approvals.ts";
import type { List } from "../contract/paging.ts";
import { everyItem, type Paging } from "./pages.ts";
import { Resource } from "./resource.ts";
import { pause } from "./retry.ts";
import { at, newKey, type CallOptions, type MakeOptions } from "./transport.ts";

export type NewApproval = z.input<typeof createApproval>;
export type NewDecision = z.input<typeof decide>;

export interface ApprovalQuery extends Paging {
  status?: ApprovalStatus;
  order_id?: string;
  /** Who is asked now, in any spelling of the address. */
  waiting_for?: string;
}

const LOOK_MS = 2_000;

/** Approvals: by people, of orders, refunds, and anything else. */
export class Approvals extends Resource {
  /**
   * Asks people to approve anything, once, with or without an order. The callback's secret is in this answer alone.
   *
   * @example
   * const approval = await countersign.approvals.create({
   *   title: "New supplier: Example Ltd",
   *   gates: [{ name: "finance", approvers: ["finance@example.com", "controller@example.com"], need: 1 }],
   * });
   */
  create(
    approval: NewApproval,
    { idempotencyKey = newKey(), ...options }: MakeOptions = {},
  ): Promise<CreatedApproval> {
    const call = { method: "POST", path: "/v1/approvals", body: approval, idempotencyKey } as const;
    return this.transport.json(call, options);
  }

  get(id: string, options?: CallOptions): Promise<ApprovalAnswer> {
    return this.transport.json({ method: "GET", path: at`/v1/approvals/${id}` }, options);
  }

  /** One page, newest first. */
  list(query: ApprovalQuery = {}, options?: CallOptions): Promise<List<ApprovalAnswer>> {
    return this.transport.json({ method: "GET", path: "/v1/approvals", query: { ...query } }, options);
  }

  /** Every approval that matches, newest first, over all pages. */
  all(query: ApprovalQuery = {}, options?: CallOptions): AsyncGenerator<ApprovalAnswer, void, undefined> {
    return everyItem(query, (page) => this.list(page, options));
  }

  /**
   * Waits until it is decided, expired or withdrawn, by looking every two seconds. For one that may take days give `callback` at its
   * creation instead.
   */
  async wait(id: string, options?: CallOptions): Promise<ApprovalAnswer> {
    for (;;) {
      const approval = await this.get(id, options);
      if (approval.status !== "pending") return approval;
      await pause(LOOK_MS, options?.signal);
    }
  }

  /** Decides as the key's user. Not sent again by itself: read the approval when it fails. */
  decide(id: string, decision: NewDecision, options?: CallOptions): Promise<ApprovalAnswer> {
    const path = at`/v1/approvals/${id}/decisions`;
    return this.transport.json({ method: "POST", path, body: decision }, options);
  }

  /** Reminds everybody who has not decided. */
  remind(id: string, options?: CallOptions): Promise<CommandAnswer> {
    return this.transport.json({ method: "POST", path: at`/v1/approvals/${id}/remind` }, options);
  }

  /** Mails an approver's link again. */
  resend(id: string, whom: z.input<typeof resend>, options?: CallOptions): Promise<CommandAnswer> {
    return this.transport.json({ method: "POST", path: at`/v1/approvals/${id}/resend`, body: whom }, options);
  }

  /** Gives an approver's place at the open gate to somebody else. */
  reassign(id: string, change: z.input<typeof reassign>, options?: CallOptions): Promise<CommandAnswer> {
    return this.transport.json(
      { method: "POST", path: at`/v1/approvals/${id}/reassign`, body: change },
      options,
    );
  }

  /** Takes an approver's place and link at the open gate away. */
  revoke(id: string, change: z.input<typeof revoke>, options?: CallOptions): Promise<CommandAnswer> {
    return this.transport.json(
      { method: "POST", path: at`/v1/approvals/${id}/revoke`, body: change },
      options,
    );
  }
}
