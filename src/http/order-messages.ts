import { createHash } from "node:crypto";
import Router from "@koa/router";
import canonicalize from "canonicalize";
import type { z } from "zod";
import type { MessageAnswer } from "../contract/answers/orders.ts";
import { MESSAGES, sendMessage, type Topic } from "../contract/orders.ts";
import { claimKey } from "../db/idempotency-keys.ts";
import { inTransaction, type Tx } from "../db/pool.ts";
import { beyondPlan } from "../domain/approval-amend.ts";
import type { Amendment, OrderMessage, OrderState } from "../domain/order.ts";
import { planApproval, type Policy } from "../domain/policy.ts";
import type { Actor } from "../domain/audit-entry.ts";
import { route } from "../engine/messages.ts";
import { AppError } from "../errors.ts";
import type { Role } from "../config.ts";
import { newId } from "../ids.ts";
import { readJson } from "./body.ts";
import { apiActor, principal } from "./context.ts";
import { idempotencyKey } from "./idempotency.ts";
import { orderOf, type OrderRoutesDeps } from "./orders.ts";
import { validate } from "./validate.ts";

const NEEDS: Record<Topic, Role> = {
  note: "support",
  fulfilment: "support",
  cancel: "finance",
  payment_method: "finance",
  amend: "finance",
  capture: "finance",
  resolve: "finance",
};

const isTopic = (topic: string): topic is Topic => Object.hasOwn(MESSAGES, topic);

/** Messages to an order's workflow, by topic. */
export const orderMessageRoutes = ({ pool, policy, log }: OrderRoutesDeps): Router =>
  new Router().post("/orders/:id/messages", async (ctx) => {
    const { topic, message } = validate(sendMessage, await readJson(ctx));
    if (!isTopic(topic))
      throw new AppError(
        "unknown_topic",
        `topic: no workflow listens to ${topic}; the topics are ${Object.keys(MESSAGES).join(", ")}`,
        {
          errors: [{ path: "topic", message: `must be one of ${Object.keys(MESSAGES).join(", ")}` }],
        },
      );
    const caller = principal(ctx, NEEDS[topic]);
    const { id, state } = await orderOf(ctx, pool);
    const letter = letterOf(topic, message, apiActor(caller));
    if (letter.type === "amend") refuseBeyondPlan(policy, state, letter.change);
    const key = ctx.get("idempotency-key") ? idempotencyKey(ctx) : null;
    const first = await inTransaction(pool, async (tx) => {
      if (key !== null && !(await claim(tx, caller.tenant, id, key, { topic, message }))) return null;
      const letterKey = `${topic}:api:${caller.tenant}:${key ?? newId("req")}`;
      return route(tx, "order", [{ to: id, message: letter, key: letterKey }], log);
    });
    if (first === null) ctx.set("Idempotent-Replayed", "true");
    first?.dispatch();
    ctx.status = 202;
    ctx.body = { object: "message", order_id: id, topic, accepted: true } satisfies MessageAnswer;
  });

/**
 * Whether this is the first message with its key. The engine knows keys within one segment of the order; ours holds over all.
 * @throws AppError `idempotency_mismatch` when the first was another
 */
async function claim(
  tx: Tx,
  tenant: string,
  id: string,
  key: string,
  sent: { topic: Topic; message: unknown },
): Promise<boolean> {
  const request_hash = createHash("sha256")
    .update(canonicalize(sent) ?? "")
    .digest("hex");
  const operation = `POST /v1/orders/${id}/messages`;
  const earlier = await claimKey(tx, { tenant, operation, key, request_hash, object_id: id });
  if (earlier && earlier.request_hash !== request_hash)
    throw new AppError(
      "idempotency_mismatch",
      "This Idempotency-Key was used with another message; use a new key for a new message.",
    );
  return earlier === null;
}

/** An amended order keeps the plan that it was accepted with; what needs another plan is another order. */
function refuseBeyondPlan(
  policy: Policy,
  { facts, plan, amended_amount, ended_at }: OrderState,
  change: Amendment,
): void {
  if (plan === null || ended_at !== null) return;
  const asked = (amount: number, customer: string | null) =>
    planApproval(policy, { ...facts, kind: "order", amount, customer });
  const [amount, customer] = [amended_amount ?? facts.amount, facts.customer.email];
  const after = asked(change.amount ?? amount, change.customer ? change.customer.email : customer);
  const more = beyondPlan(plan, asked(amount, customer), after);
  if (more === null) return;
  const path = change.customer ? "message.customer" : "message.amount";
  const what = `the policy asks more of such an order (${more}): cancel this one and create another`;
  throw new AppError("unprocessable", `${path}: ${what}`, { errors: [{ path, message: what }] });
}

function letterOf(topic: Topic, message: unknown, actor: Actor): OrderMessage {
  const taken = <Schema extends z.ZodType>(schema: Schema) =>
    validate(schema, message, "message", ["message"]);
  switch (topic) {
    case "note": {
      const note = taken(MESSAGES.note);
      return { type: "note", actor, text: typeof note === "string" ? note : note.text };
    }
    case "cancel": {
      const cancel = taken(MESSAGES.cancel);
      return { type: "cancel", actor, reason: typeof cancel === "string" ? cancel : cancel.reason };
    }
    case "fulfilment":
      return { type: "fulfilment", actor, ...taken(MESSAGES.fulfilment) };
    case "amend":
      return { type: "amend", actor, change: amendmentOf(taken(MESSAGES.amend)) };
    case "capture":
      return { type: "capture", actor, amount: taken(MESSAGES.capture).amount ?? null };
    case "resolve":
      return { type: "resolve", actor, ...taken(MESSAGES.resolve) };
    case "payment_method":
      return { type: "payment_method", actor, ...taken(MESSAGES.payment_method) };
  }
}

/** Only what was named changes; a customer is replaced as a whole. */
const amendmentOf = ({ customer, ...change }: z.output<typeof MESSAGES.amend>): Amendment => ({
  ...(change.amount === undefined ? {} : { amount: change.amount }),
  ...(change.reference === undefined ? {} : { reference: change.reference }),
  ...(change.description === undefined ? {} : { description: change.description }),
  ...(change.items === undefined ? {} : { items: change.items }),
  ...(customer === undefined
    ? {}
    : { customer: { email: customer.email ?? null, name: customer.name ?? null } }),
});
