import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { newSecret } from "./endpoint-secrets.ts";
import { badParam, noSuch } from "./errors.ts";
import { EVENT_NAMES } from "./event-names.ts";
import { expandable } from "./expand.ts";
import { listed } from "./lists.ts";
import type { Endpoint } from "./objects.ts";
import { boolean, listOf, mergeMetadata, metadata, paging, parseParams, text, unsettable } from "./params.ts";
import { randomId } from "./random-id.ts";

const createShape = z.strictObject({
  url: text(),
  enabled_events: listOf(text()),
  api_version: text().optional(),
  connect: boolean.optional(),
  description: unsettable().optional(),
  metadata: metadata.optional(),
  ...expandable,
});

/** POST /v1/webhook_endpoints: the only answer that shows the secret. https://docs.stripe.com/api/webhook_endpoints/create */
export function createEndpoint(call: Call): object {
  const params = parseParams(createShape, call.params);
  checkUrl(params.url);
  checkEvents(params.enabled_events);
  checkVersion(params.api_version);
  const secret = newSecret();
  const endpoint = putEndpoint(call, {
    id: randomId("we_1"),
    url: params.url,
    enabled_events: params.enabled_events,
    api_version: params.api_version ?? null,
    description: params.description ?? null,
    metadata: mergeMetadata({}, params.metadata),
  });
  call.account.of.endpoint_notes.put({ id: endpoint.id, secret, failing_since: null });
  return { ...endpoint, secret };
}

type Given = Pick<Endpoint, "id" | "url" | "enabled_events" | "api_version" | "description" | "metadata">;

function putEndpoint(actor: Actor, given: Given): Endpoint {
  return actor.account.of.endpoints.put({
    object: "webhook_endpoint",
    application: null,
    created: actor.world.clock.now(),
    livemode: false,
    status: "enabled",
    ...given,
  });
}

/** Registers the endpoint that the process was started with, or moves it to a new address. */
export function bundledEndpoint(actor: Actor, url: string, secret: string): void {
  const id = "we_countersign";
  const known = actor.account.of.endpoints.get(id);
  if (known) actor.account.of.endpoints.put({ ...known, url, status: "enabled" });
  else
    putEndpoint(actor, {
      id,
      url,
      enabled_events: ["*"],
      api_version: null,
      description: "Registered at start",
      metadata: {},
    });
  actor.account.of.endpoint_notes.put({ id, secret, failing_since: null });
}

function checkUrl(url: string): void {
  if (!/^https?:\/\/[^\s/]+/i.test(url)) {
    throw badParam("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid");
  }
}

/** `*` is all events; a group such as `charge.*` is not known here, unlike in the list of events. */
function checkEvents(names: readonly string[]): void {
  if (names.length === 0)
    throw badParam("You must specify at least one event.", "enabled_events", "parameter_invalid_empty");
  for (const [index, name] of names.entries()) {
    if (name === "*" || EVENT_NAMES.has(name)) continue;
    const param = `enabled_events[${index}]`;
    const all = [...EVENT_NAMES];
    throw badParam(
      `Invalid ${param}: must be one of ${all.slice(0, -1).join(", ")}, or ${all.at(-1) ?? ""}`,
      param,
    );
  }
}

function checkVersion(version: string | undefined): void {
  if (version === undefined || /^20\d\d-\d\d-\d\d(\.[a-z]+)?$/.test(version)) return;
  throw badParam(`Invalid API version: ${version}`, "api_version");
}

/** One that is enabled again has a clean slate: its former failures no longer count towards giving it up. */
export function setEnabled(actor: Actor, endpoint: Endpoint, enabled: boolean): void {
  endpoint.status = enabled ? "enabled" : "disabled";
  actor.account.of.endpoints.put(endpoint);
  const note = actor.account.of.endpoint_notes.get(endpoint.id);
  if (note && enabled) actor.account.of.endpoint_notes.put({ ...note, failing_since: null });
}

function endpointOf(call: Call): Endpoint {
  const id = call.path("id");
  const found = call.account.of.endpoints.get(id);
  if (!found) throw noSuch("webhook endpoint", id, "id");
  return found;
}

export function retrieveEndpoint(call: Call): object {
  parseParams(z.strictObject({ ...expandable }), call.params);
  return endpointOf(call);
}

const updateShape = z.strictObject({
  url: text().optional(),
  enabled_events: listOf(text()).optional(),
  description: unsettable().optional(),
  disabled: boolean.optional(),
  metadata: metadata.optional(),
  ...expandable,
});

export function updateEndpoint(call: Call): object {
  const params = parseParams(updateShape, call.params);
  const endpoint = endpointOf(call);
  if (params.url !== undefined) {
    checkUrl(params.url);
    endpoint.url = params.url;
  }
  if (params.enabled_events) {
    checkEvents(params.enabled_events);
    endpoint.enabled_events = params.enabled_events;
  }
  if (params.description !== undefined) endpoint.description = params.description;
  if (params.disabled !== undefined) setEnabled(call, endpoint, !params.disabled);
  endpoint.metadata = mergeMetadata(endpoint.metadata, params.metadata);
  return call.account.of.endpoints.put(endpoint);
}

export function deleteEndpoint(call: Call): object {
  const endpoint = endpointOf(call);
  call.account.of.endpoints.delete(endpoint.id);
  call.account.of.endpoint_notes.delete(endpoint.id);
  return { id: endpoint.id, object: "webhook_endpoint", deleted: true };
}

export function listEndpoints(call: Call): object {
  const params = parseParams(z.strictObject({ ...paging, ...expandable }), call.params);
  return listed(call, call.account.of.endpoints, params, "/v1/webhook_endpoints");
}
