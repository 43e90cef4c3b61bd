import type { Problem } from "../../contract/answers/problem.ts";

/** An answer that is no success: `problem` says what is wrong and what to do about it. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;
  readonly problem: Partial<Problem> & Record<string, unknown>;

  constructor(status: number, problem: Partial<Problem> & Record<string, unknown>) {
    super(problem.detail ?? problem.title ?? `The service answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

/** No answer at all: the service or the network is away. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

let csrf = "";

/** What the session's answer said, for the header of each request that changes something. */
export const takeCsrf = (token: string): void => void (csrf = token);

type Query = Record<string, string | number | boolean | null | undefined>;

/**
 * @param query what is null, undefined or empty is left out
 * @throws RefusedError, UnreachableError
 */
export const read = <T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> =>
  exchange<T>(path + searchOf(query), { signal });

/**
 * @param key Idempotency-Key: the same for each try of one intention, so that it counts once
 * @throws RefusedError, UnreachableError
 */
export const send = <T = unknown>(
  method: "POST" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  key?: string,
): Promise<T> =>
  exchange<T>(path, {
    method,
    headers: {
      "x-csrf-token": csrf,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

/** `?a=1&b=2`, or nothing. */
export function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  return search.size === 0 ? "" : `?${search}`;
}

async function exchange<T>(path: string, init: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: "same-origin" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new UnreachableError("The service cannot be reached.", { cause: error });
  }
  const text = await response.text();
  const body: unknown = response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text;
  if (response.ok) return body as T;
  throw new RefusedError(
    response.status,
    typeof body === "object" && body !== null ? (body as Partial<Problem> & Record<string, unknown>) : {},
  );
}
