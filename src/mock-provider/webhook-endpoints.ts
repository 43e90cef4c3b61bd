import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { badParam, noSuch } from "./errors.ts";
import { expandable } from "./expand.ts";
import { listed } from "./lists.ts";
import type { Endpoint } from "./objects.ts";
import { boolean, listOf, mergeMetadata, metadata, paging, parseParams, text, unsettable } from "./params.ts";
import { randomId, randomText } from "./random-id.ts";

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
  const secret = `whsec_${randomText(32)}`;
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
  if (params.enabled_events) endpoint.enabled_events = params.enabled_events;
  if (params.description !== undefined) endpoint.description = params.description;
  if (params.disabled !== undefined) endpoint.status = params.disabled ? "disabled" : "enabled";
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
