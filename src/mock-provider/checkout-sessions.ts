import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { badState, noSuch } from "./errors.ts";
import { emit } from "./events.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Session } from "./objects.ts";
import { created, mergeMetadata, metadata, oneOf, paging, parseParams, text, unsettable } from "./params.ts";

/** The session that a path names. */
export function sessionOf(actor: Actor, id: string): Session {
  const found = actor.account.of.sessions.get(id);
  if (!found) throw noSuch("checkout.session", id, "session");
  return found;
}

export function retrieveSession(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  return sessionOf(call, call.path("id"));
}

export function updateSession(call: Call): object {
  const params = parseParams(z.object({ metadata: metadata.optional(), ...expandable }), call.params);
  const session = sessionOf(call, call.path("id"));
  session.metadata = mergeMetadata(session.metadata ?? {}, params.metadata);
  return call.account.of.sessions.put(session);
}

/** POST /v1/checkout/sessions/:id/expire: only an open one can be. */
export function expireSession(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  const session = sessionOf(call, call.path("id"));
  if (session.status !== "open") {
    throw badState(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status ?? ""}\`.`,
    );
  }
  endSession(call, session);
  return session;
}

/** Ends an open session; a payment that it began is canceled with it. */
export function endSession(actor: Actor, session: Session): void {
  if (session.status !== "open") return;
  session.status = "expired";
  session.url = null;
  const payment = actor.account.of.payment_intents.get(session.payment_intent);
  if (
    payment &&
    ["requires_payment_method", "requires_confirmation", "requires_action"].includes(payment.status)
  ) {
    payment.status = "canceled";
    payment.canceled_at = actor.world.clock.now();
    payment.next_action = null;
    actor.account.of.payment_intents.put(payment);
    emit(actor, "payment_intent.canceled", payment);
  }
  actor.account.of.sessions.put(session);
  emit(actor, "checkout.session.expired", session);
}

const listShape = z.object({
  ...paging,
  ...expandable,
  created: created.optional(),
  customer: text().optional(),
  customer_details: z.object({ email: unsettable() }).optional(),
  payment_intent: text().optional(),
  payment_link: text().optional(),
  status: oneOf("complete", "expired", "open").optional(),
  subscription: text().optional(),
});

export function listSessions(call: Call): object {
  const params = parseParams(listShape, call.params);
  return listed(call, call.account.of.sessions, params, "/v1/checkout/sessions", {
    matches: (each) =>
      matchesCreated(each, params.created) &&
      (params.customer === undefined || each.customer === params.customer) &&
      (params.customer_details === undefined ||
        each.customer_details?.email === params.customer_details.email) &&
      (params.payment_intent === undefined || each.payment_intent === params.payment_intent) &&
      (params.status === undefined || each.status === params.status) &&
      params.payment_link === undefined &&
      params.subscription === undefined,
  });
}

export function listLineItems(call: Call): object {
  const params = parseParams(z.object({ ...paging, ...expandable }), call.params);
  const session = sessionOf(call, call.path("id"));
  const items = call.account.of.session_plans.get(session.id)?.line_items ?? [];
  const from =
    params.starting_after === undefined
      ? 0
      : items.findIndex((each) => each.id === params.starting_after) + 1;
  const data = items.slice(from, from + (params.limit ?? 10));
  return {
    object: "list",
    data,
    has_more: from + data.length < items.length,
    url: `/v1/checkout/sessions/${session.id}/line_items`,
  };
}
