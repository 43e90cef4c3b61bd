import { useQuery } from "@tanstack/react-query";
import { createContext, use } from "react";
import type { SessionAnswer, SignedOutProblem } from "../../contract/answers/sessions.ts";
import { isAtLeast, type Role } from "../../domain/role.ts";
import { queries } from "./queries.ts";
import { read, RefusedError, send, takeCsrf } from "./request.ts";

const KEY = ["session"];

export type Signed = { in: SessionAnswer } | { out: SignedOutProblem };

/** Who is signed in, or how one can. */
export const useSigned = () =>
  useQuery({ queryKey: KEY, queryFn: look, staleTime: Infinity, refetchInterval: 600_000 });

async function look(): Promise<Signed> {
  try {
    return taken(await read<SessionAnswer>("/console/session"));
  } catch (error) {
    if (error instanceof RefusedError && error.status === 401)
      return { out: error.problem as unknown as SignedOutProblem };
    throw error;
  }
}

function taken(session: SessionAnswer): Signed {
  takeCsrf(session.csrf);
  return { in: session };
}

/** @throws RefusedError when the key is not good */
export async function signInByKey(key: string): Promise<void> {
  const session = await send<SessionAnswer>("POST", "/console/session", { key });
  forget();
  queries.setQueryData(KEY, taken(session));
}

/** Goes on as an operator of another tenant. */
export async function chooseTenant(tenant: string): Promise<void> {
  const session = await send<SessionAnswer>("POST", "/console/session/tenant", { tenant });
  forget();
  queries.setQueryData(KEY, taken(session));
}

export async function signOut(): Promise<void> {
  await send("DELETE", "/console/session").catch(() => undefined);
  forget();
  await queries.invalidateQueries({ queryKey: KEY });
}

/** Nothing that one was shown is shown to the next. */
const forget = (): void => queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });

const SessionContext = createContext<SessionAnswer | null>(null);
export const SessionProvider = SessionContext.Provider;

/** Of whoever is signed in; every page but `/sign-in` has one. */
export function useSession(): SessionAnswer {
  const session = use(SessionContext);
  if (!session) throw new Error("no session here");
  return session;
}

/** Whether whoever is signed in has at least this role. The API enforces it; here it decides what is offered. */
export const useMay = (least: Role): boolean => isAtLeast(useSession().role, least);
