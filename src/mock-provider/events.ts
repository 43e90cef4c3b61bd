import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { API_VERSION } from "./call.ts";
import { deliverySuccess, pendingOf } from "./delivery-status.ts";
import { badParam, noSuch } from "./errors.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Endpoint, EventRecord, EventType } from "./objects.ts";
import type { CreatedFilter } from "./params.ts";
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
  const event = account.of.events.put({
    id: randomId("evt_3"),
    type,
    created: world.clock.now(),
    api_version: API_VERSION,
    data,
    about,
    request: actor.request,
  });
  for (const endpoint of listenersOf(account, type)) world.deliveries.send(account, event, endpoint.id, true);
}

/** The endpoints that are sent such an event. */
export const listenersOf = (account: Account, type: EventType): Endpoint[] =>
  [...account.of.endpoints.oldest()].filter(
    ({ status, enabled_events }) =>
      status === "enabled" && enabled_events.some((each) => each === "*" || each === type),
  );

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

/** Events are kept for this long, https://docs.stripe.com/api/events. */
const KEPT_S = 30 * 86_400;

/**
 * Events of the last 30 days, newest first. `delivery_success: false` gives those that some endpoint was not sent or has
 * not taken, up to now; `type` may be a group such as `charge.*`.
 */
export function listEvents(call: Call): object {
  const params = parseParams(listShape, call.params);
  const { type, types, delivery_success: success } = params;
  if (type !== undefined && types !== undefined) {
    throw badParam("You may only specify one of these parameters: type, types.", "type");
  }
  if (types && types.length > 20) throw badParam("You may pass up to 20 types.", "types");
  const oldest = Math.max(call.world.clock.now() - KEPT_S, from(params.created));
  return listed(call, call.account.of.events, params, "/v1/events", {
    until: (event) => event.created < oldest,
    matches: (event) =>
      (type === undefined || inGroup(type, event.type)) &&
      (types === undefined || types.includes(event.type)) &&
      (params.related_object === undefined || event.about === params.related_object) &&
      matchesCreated(event, params.created) &&
      (success === undefined || success === deliverySuccess(call.account, event.id)),
    show: (event) => shown(call.account, event),
  });
}

/** Where a filter by time begins: what is older need not be looked at. */
const from = (filter: CreatedFilter | undefined): number =>
  typeof filter === "number" ? filter : (filter?.gte ?? filter?.gt ?? 0);

const inGroup = (wanted: string, type: string) =>
  wanted.endsWith("*") ? type.startsWith(wanted.slice(0, -1)) : wanted === type;

const retryShape = z.strictObject({
  webhook_endpoint: text().optional(),
  account: text().optional(),
  /** What the CLI adds when it names no endpoint: its own listener, which the mock does not have. */
  for_stripecli: boolean.optional(),
  ...expandable,
});

/** What `stripe events resend` calls: delivers the event once more, to one endpoint or to all that listen. */
export function retryEvent(call: Call): object {
  const params = parseParams(retryShape, call.params);
  const event = known(call);
  const wanted = params.webhook_endpoint;
  const one = call.account.of.endpoints.get(wanted);
  if (wanted !== undefined && !one) throw noSuch("webhook endpoint", wanted, "webhook_endpoint", 400);
  if (one && one.status !== "enabled")
    throw badParam("This webhook endpoint is disabled; enable it first.", "webhook_endpoint");
  resend(call, event, one ? [one] : listenersOf(call.account, event.type));
  return shown(call.account, event);
}

/** Sends the event once more, at once; what was still to be tried for these endpoints is not. */
export function resend({ account, world }: Actor, event: EventRecord, endpoints: Endpoint[]): void {
  for (const { id } of endpoints) {
    const open = account.of.deliveries
      .by("event", event.id)
      .filter((each) => each.endpoint === id && each.state !== "delivered");
    for (const each of open) {
      each.state = "superseded";
      account.of.deliveries.put(each);
    }
    world.deliveries.send(account, event, id, false);
  }
}

function known(call: Call): EventRecord {
  const id = call.path("id");
  const event = call.account.of.events.get(id);
  if (!event || event.created < call.world.clock.now() - KEPT_S) throw noSuch("event", id, "id");
  return event;
}
