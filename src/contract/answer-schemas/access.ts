import { z } from "zod";
import { ROLES } from "../../domain/role.ts";
import type { ApiKeyAnswer, ApiKeyWithKey } from "../answers/api-keys.ts";
import { listOf, time } from "./fields.ts";

const fields = {
  id: z.string(),
  object: z.literal("api_key"),
  role: z.enum(ROLES),
  user: z.string().describe("As whom its holder acts."),
  description: z.string().nullable(),
  hint: z.string().describe("How it begins."),
  created_by: z.string(),
  created_at: time,
  rotated_at: time.nullable(),
  previous_until: time.nullable().describe("Until when the key before the last rotation is good."),
  expires_at: time.nullable(),
  last_used_at: time.nullable().describe("To within five minutes."),
  revoked_at: time.nullable(),
};

const apiKey = z.object(fields).meta({ id: "ApiKey" }) satisfies z.ZodType<ApiKeyAnswer>;

export const apiKeys = listOf(apiKey, "ApiKeyList");

export const apiKeyWithKey = z
  .object({ ...fields, key: z.string().describe("Shown this once.") })
  .meta({ id: "ApiKeyWithKey" }) satisfies z.ZodType<ApiKeyWithKey>;
