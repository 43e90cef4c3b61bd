/**
 * Every error that reaches a user has a stable `code`; the HTTP status and title follow from it here and nowhere else.
 * The code is the contract; the message says what is wrong with this request and what to do about it.
 */
const TABLE = {
  invalid_request: [400, "The request is not valid"],
  invalid_json: [400, "The body is not valid JSON"],
  invalid_signature: [400, "The signature does not match"],
  idempotency_key_required: [400, "An Idempotency-Key header is required"],
  unauthorized: [401, "A valid API key is required"],
  forbidden: [403, "This key may not do that"],
  not_found: [404, "There is no such thing"],
  event_not_set: [404, "The event has not been set yet"],
  method_not_allowed: [405, "This path does not take that method"],
  not_acceptable: [406, "None of the accepted media types can be produced"],
  request_timeout: [408, "The request took too long to arrive"],
  conflict: [409, "The current state does not allow this"],
  idempotency_in_progress: [409, "The first request with this key is still running"],
  body_too_large: [413, "The body is too large"],
  unsupported_media_type: [415, "The body's media type is not supported"],
  idempotency_mismatch: [422, "The Idempotency-Key was used with another body"],
  unknown_topic: [422, "No workflow listens to this topic"],
  unprocessable: [422, "The request is understood but cannot be carried out"],
  rate_limited: [429, "Too many requests"],
  internal: [500, "Something went wrong on our side"],
  database_unavailable: [503, "The database cannot be reached"],
  shutting_down: [503, "The service is shutting down"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof TABLE;

/** One broken field: `path` as in `items[0].quantity`, `message` with the remedy. */
export interface FieldError {
  path: string;
  message: string;
}

/** RFC 9457 problem details with our stable `code` and, for bad input, the fields. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  instance?: string;
  errors?: FieldError[];
}

interface Options {
  cause?: unknown;
  errors?: FieldError[];
  /** Seconds for a `Retry-After` header. */
  retryAfter?: number;
}

export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly errors: FieldError[] | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, { cause, errors, retryAfter }: Options = {}) {
    super(message, { cause });
    this.code = code;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }

  get status(): number {
    return TABLE[this.code][0];
  }

  /** The `application/problem+json` body of this error. */
  toProblem(instance?: string): Problem {
    return {
      type: `urn:countersign:problem:${this.code}`,
      title: TABLE[this.code][1],
      status: this.status,
      code: this.code,
      detail: this.message,
      ...(instance ? { instance } : {}),
      ...(this.errors ? { errors: this.errors } : {}),
    };
  }
}
