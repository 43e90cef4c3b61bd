import type { ErrorCode, FieldError } from "../contract/answers/problem.ts";

/**
 * What went wrong: the service's own codes, and three for when it was not heard. `connection_failed`: nothing answers, or the
 * answer broke off. `timeout`: no whole answer within `timeout_ms`. `unexpected_answer`: somebody else answers at that address, such
 * as a proxy.
 */
export type FailureCode = ErrorCode | "connection_failed" | "timeout" | "unexpected_answer";

interface Facts {
  code: FailureCode;
  status?: number | null;
  errors?: FieldError[];
  requestId?: string | null;
  retryAfter_ms?: number | null;
  cause?: unknown;
}

/**
 * Every failed call throws one of these. `message` says what is wrong and what to do about it.
 *
 * @example
 * try {
 *   await countersign.orders.refund(order.id, { reason: "damaged" });
 * } catch (error) {
 *   if (error instanceof CountersignError && error.code === "unprocessable") console.error(error.errors);
 *   else throw error;
 * }
 */
export class CountersignError extends Error {
  override readonly name = "CountersignError";
  /** Stable: compare this, never the message. */
  readonly code: FailureCode;
  /** Of the answer; null when there was none. */
  readonly status: number | null;
  /** Each broken field: `path` as in `items[0].quantity`, and the remedy. */
  readonly errors: FieldError[];
  /** Under which the service logged the request; null when it was not heard. */
  readonly requestId: string | null;
  /** How long the service asks to wait before it is asked again, in milliseconds; null: it does not say. */
  readonly retryAfter_ms: number | null;

  constructor(message: string, { code, cause, ...facts }: Facts) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = facts.status ?? null;
    this.errors = facts.errors ?? [];
    this.requestId = facts.requestId ?? null;
    this.retryAfter_ms = facts.retryAfter_ms ?? null;
  }
}

/** The error that an answer with a failing status tells (RFC 9457 problem details). */
export async function failureOf(response: Response): Promise<CountersignError> {
  const { status, headers } = response;
  const facts = {
    status,
    requestId: headers.get("request-id"),
    retryAfter_ms: waitTold(headers.get("retry-after"), Date.now()),
  };
  const problem = problemOf(await response.text().catch(() => ""));
  return problem
    ? new CountersignError(problem.detail, { ...facts, code: problem.code, errors: problem.errors })
    : new CountersignError(
        `The answer is ${status} ${response.statusText}, and not the service's own: look at what stands before it.`,
        { ...facts, code: "unexpected_answer" },
      );
}

function problemOf(text: string): { code: ErrorCode; detail: string; errors: FieldError[] } | null {
  try {
    const json = JSON.parse(text) as { code?: unknown; detail?: unknown; errors?: unknown } | null;
    if (typeof json?.code !== "string" || typeof json.detail !== "string") return null;
    return {
      code: json.code as ErrorCode,
      detail: json.detail,
      errors: Array.isArray(json.errors) ? (json.errors as FieldError[]) : [],
    };
  } catch {
    return null;
  }
}

/** `Retry-After` in milliseconds from `now`: seconds or a date (RFC 9110, 10.2.3); null when it says neither. */
export function waitTold(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
