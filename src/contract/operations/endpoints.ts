import { z } from "zod";
import * as answers from "../answer-schemas/webhooks.ts";
import { paging } from "../paging.ts";
import type { Operation } from "./operation.ts";
import {
  changeEndpoint,
  createEndpoint,
  listDeliveriesQuery,
  rotateEndpointSecret,
} from "../webhook-endpoints.ts";

/** Webhooks out to the merchant. */
export const ENDPOINT_OPERATIONS: Operation[] = [
  {
    method: "get",
    path: "/v1/event-types",
    summary: "List the types of events, each with the JSON schema of its bodies",
    tag: "Webhooks",
    success: 200,
    answer: answers.eventTypes,
  },
  {
    method: "post",
    path: "/v1/webhook-endpoints",
    summary: "Have events posted to an address",
    description:
      "Role admin, at most 20. Signed as Standard Webhooks with `secret`, which is shown this once. `event_types` are names, all of an object " +
      "(`order.*`), or `*`. Outside development the address must be https and public.",
    tag: "Webhooks",
    body: createEndpoint,
    success: 201,
    answer: answers.endpointWithSecret,
    refuses: [409],
  },
  {
    method: "get",
    path: "/v1/webhook-endpoints",
    summary: "List webhook endpoints, newest first",
    tag: "Webhooks",
    query: z.object(paging),
    success: 200,
    answer: answers.endpoints,
  },
  {
    method: "get",
    path: "/v1/webhook-endpoints/{id}",
    summary: "Read a webhook endpoint, and why it is disabled",
    description:
      "`disabled_reason` is `manual`, `gone` (it answered 410) or `failing` (five days of nothing but failure); null while it is enabled.",
    tag: "Webhooks",
    success: 200,
    answer: answers.endpoint,
  },
  {
    method: "patch",
    path: "/v1/webhook-endpoints/{id}",
    summary: "Change, disable or enable a webhook endpoint",
    description:
      "Role admin. What is absent stays. While it is disabled nothing new is kept for it; what waited before goes out once it is enabled.",
    tag: "Webhooks",
    body: changeEndpoint,
    success: 200,
    answer: answers.endpoint,
  },
  {
    method: "delete",
    path: "/v1/webhook-endpoints/{id}",
    summary: "Delete a webhook endpoint and what is on its way to it",
    description: "Role admin.",
    tag: "Webhooks",
    success: 204,
  },
  {
    method: "post",
    path: "/v1/webhook-endpoints/{id}/rotate-secret",
    summary: "Give it a new secret, shown this once",
    description:
      "Role admin. The one so far signs beside it for `expires_in` seconds: by default a day, at most 7 days.",
    tag: "Webhooks",
    body: rotateEndpointSecret,
    success: 200,
    answer: answers.endpointWithSecret,
  },
  {
    method: "post",
    path: "/v1/webhook-endpoints/{id}/ping",
    summary: "Send it an event for a test",
    description:
      "Role support. Read the delivery to see what it answered. It is tried once. 409 when the endpoint is disabled.",
    tag: "Webhooks",
    success: 202,
    answer: answers.wholeDelivery,
    refuses: [409],
  },
  {
    method: "get",
    path: "/v1/webhook-endpoints/{id}/deliveries",
    summary: "List what was and is on its way to it, newest first",
    description: "Kept for 30 days.",
    tag: "Webhooks",
    query: z.object({ ...listDeliveriesQuery.shape, ...paging }),
    success: 200,
    answer: answers.deliveries,
  },
  {
    method: "get",
    path: "/v1/webhook-endpoints/{id}/deliveries/{delivery}",
    summary: "Read a delivery with its payload and each try",
    tag: "Webhooks",
    success: 200,
    answer: answers.wholeDelivery,
  },
  {
    method: "post",
    path: "/v1/webhook-endpoints/{id}/deliveries/{delivery}/retry",
    summary: "Deliver it again now, whatever became of it",
    description:
      "Role support. With the same id and bytes, and again on the whole schedule. 409 when the endpoint is disabled.",
    tag: "Webhooks",
    success: 202,
    answer: answers.wholeDelivery,
    refuses: [409],
  },
];
