import { overview, series } from "../answer-schemas/overview.ts";
import { seriesQuery } from "../overview.ts";
import { askForLink, chooseTenant, signInWithKey } from "../sessions.ts";
import type { Operation } from "./operation.ts";

/** What the console stands on: what changes, what is open, and who is signed in. */
export const CONSOLE_OPERATIONS: Operation[] = [
  {
    method: "get",
    path: "/v1/changes",
    summary: "Follow what changes",
    description:
      "Server-sent events `change` with `{object, id, order_id?}`, about a second after it happened: read anew what you show. " +
      "Nothing is sent again; after a reconnect read everything anew. Who leaves 2,000 changes unread is cut off.",
    tag: "Operation",
    success: 200,
    produces: ["text/event-stream"],
  },
  {
    method: "get",
    path: "/v1/overview",
    summary: "Read what is open: orders, approvals, webhooks in and out, and how the service is",
    description:
      "Counts end at 10,000 and are two seconds old at most. Webhooks of no order are counted for role admin.",
    tag: "Operation",
    success: 200,
    answer: overview,
  },
  {
    method: "get",
    path: "/v1/overview/series",
    summary: "Read rates and latencies of the last hour or day",
    description:
      "A count is null in steps of which there is more than is read (100,000 of a kind), a latency where nothing happened.",
    tag: "Operation",
    query: seriesQuery,
    success: 200,
    answer: series,
  },
  {
    method: "get",
    path: "/console/session",
    summary: "Read who is signed in to the console",
    description: "By the session's cookie alone. 401 names the ways to sign in as `sign_in`.",
    tag: "Console",
    success: 200,
    refuses: [401],
    open: true,
  },
  {
    method: "post",
    path: "/console/session",
    summary: "Sign in to the console with an API key",
    description:
      "Sets a cookie with which every call below /v1 works as with the key; those that change something need the header X-CSRF-Token with `csrf`. " +
      "401 when the key is not good, 429 after 30 tries in a minute.",
    tag: "Console",
    body: signInWithKey,
    success: 200,
    refuses: [401],
    open: true,
  },
  {
    method: "post",
    path: "/console/session/tenant",
    summary: "Go on in another tenant of the operator who is signed in",
    description:
      "One of `tenants` of the session; 403 for any other. The answer is the new session, with another cookie and another `csrf`; the " +
      "former one is over, and both end at the same time at the latest.",
    tag: "Console",
    body: chooseTenant,
    success: 200,
    refuses: [401, 403],
    open: true,
  },
  {
    method: "delete",
    path: "/console/session",
    summary: "Sign out of the console",
    tag: "Console",
    success: 204,
    refuses: [401, 403],
    open: true,
  },
  {
    method: "post",
    path: "/console/sign-in",
    summary: "Mail a link to sign in by, if the address is an operator's",
    description: "The answer is the same for everybody. The link works once, for 15 minutes.",
    tag: "Console",
    body: askForLink,
    success: 202,
    open: true,
  },
];
