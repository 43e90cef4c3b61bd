import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { API_VERSION } from "./call.ts";
import { badParam, noSuch } from "./errors.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Endpoint, EventRecord, EventType } from "./objects.ts";
import { boolean, created, listOf, paging, parseParams, text } from "./params.ts";
import { randomId } from "./random-id.ts";
import type { Account } from "./state.ts";
import { expandable } from "./expand.ts";

/**
 * Records that something happened to `object` and sends it to every endpoint that listens,
 * https://docs.stripe.com/api/events/object. `before` holds the former values of what an update changed.
 */
export function emit(actor: Actor, type: EventType, object: { id: string }, before?: object): void {
  const data = JSON.stringify(before ? { object, previous_attributes: before } : { object });
  record(actor, type, object.id, data);
  if (actor.world.chaos.twin()) record(actor, type, object.id, data);
}

function record(actor: Actor, type: EventType, about: string, data: string): void {
  const { account, world } = actor;
  const listeners = [...account.of.endpoints.oldest()].filter((each) => listens(each, type));
  const event = account.of.events.put({
    id: randomId("evt_3"),
    type,
    created: world.clock.now(),
    api_version: API_VERSION,
    data,
    about,
    request: actor.request,
  });
  for (const endpoint of listeners) world.deliveries.send(account, event, endpoint.id, true);
}

function listens(endpoint: Endpoint, type: EventType): boolean {
  if (endpoint.status !== "enabled") return false;
  return endpoint.enabled_events.some((each) => each === "*" || each === type);
}

/** The event's JSON as it is delivered; an endpoint may have pinned an API version. */
export function eventBody(event: EventRecord, pending: number, version: string | null = null): string {
  const head = {
    id: event.id,
    object: "event",
    api_version: version ?? event.api_version,
    created: event.created,
  };
  const tail = {
    livemode: false,
    pending_webhooks: pending,
    request: event.request,
    type: event.type,
  };
  return `${JSON.stringify(head).slice(0, -1)},"data":${event.data},${JSON.stringify(tail).slice(1)}`;
}

/** How many endpoints have not taken the event yet. */
export const pendingOf = (account: Account, event: string) =>
  account.of.deliveries
    .by("event", event)
    .filter((each) => each.state !== "delivered" && each.state !== "superseded").length;

const shown = (account: Account, event: EventRecord): { id: string } => {
  const body: unknown = JSON.parse(eventBody(event, pendingOf(account, event.id)));
  return z.looseObject({ id: z.string() }).parse(body);
};

export function retrieveEvent(call: Call): object {
  parseParams(z.strictObject({ ...expandable }), call.params);
  return shown(call.account, known(call));
}

const listShape = z.strictObject({
  ...paging,
  ...expandable,
  created: created.optional(),
  delivery_success: boolean.optional(),
  type: text().optional(),
  types: listOf(text()).optional(),
  related_object: text().optional(),
});

/** Events of the last 30 days, newest first; `delivery_success: false` gives those that some endpoint has not taken. */
export function listEvents(call: Call): object {
  const params = parseParams(listShape, call.params);
  if (params.type !== undefined && params.types !== undefined) {
    throw badParam("You may only specify one of these parameters: type, types.", "type");
  }
  if (params.types && params.types.length > 20) throw badParam("You may pass up to 20 types.", "types");
  const wanted = params.types ?? (params.type === undefined ? null : [params.type]);
  const oldest = call.world.clock.now() - 30 * 86_400;
  return listed(call, call.account.of.events, params, "/v1/events", {
    until: (event) => event.created < oldest,
    matches: (event) =>
      (wanted === null || wanted.some((each) => fits(each, event.type))) &&
      (params.related_object === undefined || event.about === params.related_object) &&
      matchesCreated(event, params.created) &&
      (params.delivery_success === undefined ||
        params.delivery_success === (pendingOf(call.account, event.id) === 0)),
    show: (event) => shown(call.account, event),
  });
}

const fits = (wanted: string, type: string) =>
  wanted.endsWith("*") ? type.startsWith(wanted.slice(0, -1)) : wanted === type;

const retryShape = z.strictObject({
  webhook_endpoint: text().optional(),
  account: text().optional(),
  ...expandable,
});

/** What `stripe events resend` calls: delivers the event once more, to one endpoint or to all that listen. */
export function retryEvent(call: Call): object {
  const params = parseParams(retryShape, call.params);
  const event = known(call);
  const { account, world } = call;
  const one = account.of.endpoints.get(params.webhook_endpoint);
  if (params.webhook_endpoint !== undefined && !one) {
    throw noSuch("webhook endpoint", params.webhook_endpoint, "webhook_endpoint", 400);
  }
  const targets = one
    ? [one]
    : [...account.of.endpoints.oldest()].filter((each) => listens(each, event.type));
  for (const target of targets) {
    const earlier = account.of.deliveries.by("event", event.id).filter((each) => each.endpoint === target.id);
    for (const each of earlier) account.of.deliveries.put({ ...each, state: "superseded" });
    world.deliveries.send(account, event, target.id, false);
  }
  return shown(account, event);
}

function known(call: Call): EventRecord {
  const id = call.path("id");
  const event = call.account.of.events.get(id);
  if (!event) throw noSuch("event", id, "id");
  return event;
}
