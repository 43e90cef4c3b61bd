/** The body of Stripe's errors, https://docs.stripe.com/api/errors. */
export interface ErrorBody {
  type: "api_error" | "card_error" | "idempotency_error" | "invalid_request_error";
  message: string;
  code?: string;
  param?: string;
  decline_code?: string;
  [more: string]: unknown;
}

/**
 * What a request is answered with when it fails. `kept` says whether an idempotency key keeps the answer: Stripe keeps
 * what happened once the endpoint ran, not what failed validation (https://docs.stripe.com/api/idempotent_requests).
 */
export class ProviderError extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly kept: boolean;

  constructor(status: number, body: ErrorBody, kept = true) {
    super(body.message);
    this.status = status;
    this.body = body.code
      ? { ...body, doc_url: `https://stripe.com/docs/error-codes/${body.code.replaceAll("_", "-")}` }
      : body;
    this.kept = kept;
  }
}

/** A parameter that fails validation: 400, and no idempotency key remembers it. */
export function badParam(message: string, param: string, code?: string): ProviderError {
  const body: ErrorBody = { type: "invalid_request_error", message, param };
  return new ProviderError(400, code ? { ...body, code } : body, false);
}

export const missingParam = (param: string) =>
  badParam(`Missing required param: ${param}.`, param, "parameter_missing");

/** A state that does not allow the call: 400 with a code of https://docs.stripe.com/error-codes. */
export function badState(message: string, code?: string, more: Record<string, unknown> = {}): ProviderError {
  const body: ErrorBody = { type: "invalid_request_error", message, ...more };
  return new ProviderError(400, code ? { ...body, code } : body);
}

/** `No such …`: 404 for the thing the path names, 400 for one that a parameter names. */
export function noSuch(noun: string, id: string, param: string, status: 400 | 404 = 404): ProviderError {
  return new ProviderError(
    status,
    { type: "invalid_request_error", code: "resource_missing", message: `No such ${noun}: '${id}'`, param },
    status === 404,
  );
}

export const unknownUrl = (method: string, path: string) =>
  new ProviderError(404, {
    type: "invalid_request_error",
    message: `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
  });

export const noKey = () =>
  new ProviderError(401, {
    type: "invalid_request_error",
    message:
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
  });

export function badKey(key: string): ProviderError {
  const shown =
    key.length > 12
      ? `${key.slice(0, 8)}${"*".repeat(key.length - 12)}${key.slice(-4)}`
      : "*".repeat(key.length);
  return new ProviderError(401, {
    type: "invalid_request_error",
    message: `Invalid API Key provided: ${shown}`,
  });
}
