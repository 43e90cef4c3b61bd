import type { Role } from "../../domain/role.ts";

/** An API key as it is shown: never the key itself. */
export interface ApiKeyAnswer {
  id: string;
  object: "api_key";
  role: Role;
  /** As whom its holder acts. */
  user: string;
  description: string | null;
  /** How it begins. */
  hint: string;
  created_by: string;
  created_at: string;
  rotated_at: string | null;
  /** Until when the key before the last rotation is good; null: it is not. */
  previous_until: string | null;
  expires_at: string | null;
  /** To within five minutes; null: never. */
  last_used_at: string | null;
  revoked_at: string | null;
}

/** With the key, which is shown this once. */
export interface ApiKeyWithKey extends ApiKeyAnswer {
  key: string;
}
