import { lockApproval } from "../db/approvals.ts";
import { getOrderById } from "../db/orders.ts";
import { inTransaction, type Pool } from "../db/pool.ts";
import { newApproval } from "../domain/approval.ts";
import { subjectOf } from "../domain/order-subject.ts";
import { approvalView } from "../domain/approval-seats.ts";
import { delegationsToHeed } from "../db/delegations.ts";
import type { Todo } from "../domain/todo.ts";
import { type AlertKind, type EffectResult, type OrderEffect, type OrderState } from "../domain/order.ts";
import { isCapturedByUs } from "../domain/order-capture.ts";
import { deliver, route } from "../engine/messages.ts";
import { submitApproval } from "../engine/submit.ts";
import type { Log } from "../log.ts";
import { alertMail } from "../mail/templates/index.ts";
import type { Mailer } from "../mail/transport.ts";
import { ProviderError, type PaymentProvider } from "../payments/provider.ts";
import { eraseRest } from "./erase.ts";
import { MailError } from "./mail-error.ts";

export interface OrderEffectDeps {
  pool: Pool;
  provider: PaymentProvider;
  publicUrl: string;
  mailer: Mailer;
  /** Who is mailed when a person has to look; null: nobody, the log and the metrics say it. */
  operator: string | null;
  onAlert: (alert: AlertKind) => void;
  log: Log;
}

/**
 * Performs one effect of an order. `key` makes a repetition the same call.
 * @param state the order as the transition that asked for this has left it; it is read when null
 */
export async function performOrderEffect(
  deps: OrderEffectDeps,
  orderId: string,
  { key, effect }: Todo<OrderEffect>,
  state: OrderState | null,
): Promise<EffectResult> {
  const { provider, pool, log } = deps;
  const order = state ?? (await getOrderById(pool, orderId));
  const returnUrl = `${deps.publicUrl}/paid`;
  switch (effect.kind) {
    case "open_payment":
      return provider.open(
        {
          facts: order.facts,
          capture: isCapturedByUs(order) ? "manual" : "automatic",
          return_url: returnUrl,
        },
        key,
      );
    case "confirm_payment":
      return {
        kind: "payment",
        payment: await provider.confirm(paymentOf(order), effect.payment_method, returnUrl, key),
      };
    case "capture":
      return { kind: "payment", payment: await provider.capture(paymentOf(order), effect.amount, key) };
    case "void":
      return { kind: "payment", payment: await provider.void(paymentOf(order), key) };
    case "expire_session":
      return { kind: "session", session: await provider.expireSession(order.payment.session_id ?? "", key) };
    case "refund": {
      const { refund_id: refundId, amount } = effect;
      return {
        kind: "refund",
        refund: await provider.refund({ paymentId: paymentOf(order), amount, refundId, orderId }, key),
      };
    }
    case "open_approval":
      return openApproval(deps, order, effect);
    case "withdraw_approval":
      await deliver(
        pool,
        "approval",
        { to: effect.approval_id, message: { type: "withdraw", reason: effect.reason }, key },
        log,
      );
      return { kind: "done" };
    case "amend_approval":
      return amendApproval(deps, orderId, key, effect);
    case "erase_rest":
      return eraseRest(pool, orderId);
    case "alert_operator":
      return alertOperator(deps, order, key, effect);
  }
}

async function alertOperator(
  { operator, mailer, log, onAlert }: OrderEffectDeps,
  { facts, status }: OrderState,
  key: string,
  { alert, about, problem, until, at }: Extract<OrderEffect, { kind: "alert_operator" }>,
): Promise<EffectResult> {
  onAlert(alert);
  log.warn({ order_id: facts.id, alert, about }, problem);
  if (operator === null) return { kind: "done" };
  const sent = await mailer.send({
    ...alertMail({ alert, about, problem, until, order: { ...facts, status }, at }),
    to: operator,
    messageId: `<${key.replaceAll(":", ".")}@countersign>`,
    date: at,
  });
  if (sent.outcome === "accepted") return { kind: "done" };
  throw new MailError(sent.reason, sent.outcome === "deferred");
}

function paymentOf(order: OrderState): string {
  if (order.payment.id === null)
    throw new ProviderError("the order has no payment yet", { code: "no_payment", retry: true });
  return order.payment.id;
}

/** Starts the approval's own workflow; its row and the engine's commit together, and a second time changes nothing. */
async function openApproval(
  { pool, provider, log }: OrderEffectDeps,
  order: OrderState,
  effect: Extract<OrderEffect, { kind: "open_approval" }>,
): Promise<EffectResult> {
  const refund = order.refunds.find((r) => r.id === effect.refund_id) ?? null;
  const plan = refund ? refund.plan : order.plan;
  if (!plan) throw new ProviderError("the policy asks nobody", { code: "no_plan", retry: false });
  const capture_before = effect.subject === "order" ? await captureBefore(provider, order) : null;
  const now = new Date();
  const { state, dispatch } = await inTransaction(pool, async (tx) => {
    const { tenant, id: order_id } = order.facts;
    const delegations = await delegationsToHeed(tx, tenant, now);
    const opened = { id: effect.approval_id, tenant, order_id, refund_id: effect.refund_id, callback: null };
    const subject = subjectOf(order, refund);
    const state = newApproval({ ...opened, subject, plan, delegations, capture_before }, now);
    return { state, dispatch: await submitApproval(tx, state, log) };
  });
  dispatch?.();
  return { kind: "approval", approval: approvalView(state, now) };
}

/**
 * Tells the approval what the order is now. It may be opened in this very moment: then the same is tried again. The order is read
 * once the approval's row is locked: of two who tell it, here or in a process that was thought dead, the later tells the newer.
 */
async function amendApproval(
  { pool, log }: OrderEffectDeps,
  orderId: string,
  key: string,
  { approval_id, by }: Extract<OrderEffect, { kind: "amend_approval" }>,
): Promise<EffectResult> {
  const dispatch = await inTransaction(pool, async (tx) => {
    if (!(await lockApproval(tx, approval_id)))
      throw new ProviderError(`approval ${approval_id} is not open yet`, { code: "not_open", retry: true });
    const subject = subjectOf(await getOrderById(tx, orderId), null);
    const message = { type: "amend", subject, actor: by } as const;
    return (await route(tx, "approval", [{ to: approval_id, message, key }], log)).dispatch;
  });
  dispatch();
  return { kind: "done" };
}

/** When the authorization lapses: not every event says it, so the provider is asked; without an answer the policy's own limit holds. */
async function captureBefore(provider: PaymentProvider, { payment }: OrderState): Promise<string | null> {
  if (payment.capture_before !== null || payment.id === null) return payment.capture_before;
  try {
    return (await provider.retrieve(payment.id)).capture_before;
  } catch (error) {
    if (error instanceof ProviderError && !error.retry) return null;
    throw error;
  }
}
