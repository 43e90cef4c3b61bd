import { z } from "zod";
import * as answers from "../answer-schemas/webhooks.ts";
import { listInboxQuery, readInboxQuery, replayInbox } from "../inbox.ts";
import { paging } from "../paging.ts";
import type { Operation } from "./operation.ts";

/** Webhooks that were received. */
export const INBOX_OPERATIONS: Operation[] = [
  {
    method: "get",
    path: "/v1/webhooks/inbox",
    summary: "List received webhooks, newest first",
    description: "Those of an order are its tenant's; those of no order are shown to role admin.",
    tag: "Webhooks",
    query: z.object({ ...listInboxQuery.shape, ...paging }),
    success: 200,
    answer: answers.inbox,
  },
  {
    method: "get",
    path: "/v1/webhooks/inbox/{id}",
    summary: "Read a received webhook with headers and body, and what it did",
    description:
      "`entries` are those of the order's trail that name the event. Names, addresses, phone numbers, card digits and free text are masked " +
      "for the roles viewer and support. `raw=true` (role finance) adds the bytes as they came, `body_base64`.",
    tag: "Webhooks",
    query: readInboxQuery,
    success: 200,
    answer: answers.wholeInbound,
  },
  {
    method: "post",
    path: "/v1/webhooks/inbox/{id}/replay",
    summary: "Take a received webhook in once more",
    description: "Role admin. For an order that knows it already nothing changes.",
    tag: "Webhooks",
    success: 200,
    answer: answers.inbound,
  },
  {
    method: "post",
    path: "/v1/webhooks/inbox/replay",
    summary: "Replay all that match a filter, at most 500 a call",
    description:
      "Role admin. With `dry_run` they are only counted, all of them. `next_cursor` goes into the next call's `cursor` until it is null.",
    tag: "Webhooks",
    body: replayInbox,
    success: 200,
    answer: answers.replay,
  },
  {
    method: "post",
    path: "/webhooks/{provider}",
    summary: "Take in a provider's webhook",
    description:
      "By signature, at the path of each configured provider, such as `stripe`. 204, or what the provider wants to hear, once stored " +
      "and routed; 400 `invalid_signature`; any other answer asks for a retry: 408 when the body comes too slowly, 413 beyond 512 KiB, " +
      "429 and 503 with `Retry-After`.",
    tag: "Webhooks",
    body: z.unknown(),
    success: 204,
    open: true,
  },
];
