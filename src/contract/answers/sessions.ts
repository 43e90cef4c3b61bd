import type { Role } from "../../domain/role.ts";
import type { Problem } from "./problem.ts";

/** How one can sign in to the console: with an API key, by a mailed link, or by single sign-on. */
export type SignInWay = "key" | "mail" | "oidc";

/** `GET /console/session`: who is signed in, and what the console needs to know of the service. */
export interface SessionAnswer {
  object: "session";
  tenant: string;
  role: Role;
  user: string;
  /** Where else the same person may go on, by `POST /console/session/tenant`: an operator's places, and a key's own tenant alone. */
  tenants: { tenant: string; role: Role }[];
  /** For the header X-CSRF-Token of every request that changes something. */
  csrf: string;
  expires_at: string;
  environment: "development" | "production";
  /** Whether there is a development mailbox. */
  mailbox: boolean;
  /** `url`: of the bundled mock provider; null otherwise. */
  provider: { name: string; url: string | null };
  sign_in: SignInWay[];
}

/** 401 of the same: nobody is signed in. */
export interface SignedOutProblem extends Problem {
  sign_in: SignInWay[];
  environment: "development" | "production";
}
