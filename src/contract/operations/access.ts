import * as answers from "../answer-schemas/access.ts";
import { z } from "zod";
import { createApiKey, rotateApiKey } from "../api-keys.ts";
import { paging } from "../paging.ts";
import type { Operation } from "./operation.ts";

/** API keys that are made, changed and revoked while the service runs. */
export const ACCESS_OPERATIONS: Operation[] = [
  {
    method: "post",
    path: "/v1/api-keys",
    summary: "Make an API key; it is shown this once",
    description:
      "Role admin. `user` is as whom its holder acts (default: the role at the tenant), `expires_in` is in seconds; without it the key does not expire. " +
      "409 when there are 100 live ones already.",
    tag: "Access",
    body: createApiKey,
    success: 201,
    answer: answers.apiKeyWithKey,
    refuses: [409],
  },
  {
    method: "get",
    path: "/v1/api-keys",
    summary: "List the keys made at run time, newest first",
    description: "Role admin. The keys of API_KEYS are not listed.",
    tag: "Access",
    query: z.object(paging),
    success: 200,
    answer: answers.apiKeys,
  },
  {
    method: "post",
    path: "/v1/api-keys/{id}/rotate",
    summary: "Give a key another value; the former one is good for `grace_s` seconds more",
    description: "Role admin. A day when absent; 409 when the key was revoked or has expired.",
    tag: "Access",
    body: rotateApiKey,
    success: 200,
    answer: answers.apiKeyWithKey,
    refuses: [409],
  },
  {
    method: "delete",
    path: "/v1/api-keys/{id}",
    summary: "Revoke a key, and end the sessions that were signed in with it",
    description: "Role admin. Every process refuses it within two seconds. Again, it changes nothing.",
    tag: "Access",
    success: 204,
  },
];
