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
  const body: ErrorBody = { type: "invalid_request_error", message, ...(param === "" ? {} : { param }) };
  return new ProviderError(400, code ? { ...body, code } : body, false);
}

/** An empty value would unset the parameter, and this one cannot be unset. */
export const emptyParam = (param: string) =>
  badParam(
    `You passed an empty string for '${param}'. We assume empty values are an attempt to unset a parameter; however '${param}' cannot be unset. You should remove '${param}' from your request or supply a non-empty value.`,
    param,
    "parameter_invalid_empty",
  );

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
    message: `Unrecognized request URL (${method}: ${path}). ${path.endsWith("/") ? "If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in your code. " : ""}Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
  });

/** The same key while its first request is under way: nothing is kept, and trying again is right. */
export const keyInUse = (key: string) =>
  new ProviderError(
    409,
    {
      type: "idempotency_error",
      code: "idempotency_key_in_use",
      message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
    },
    false,
  );

/** What Stripe.js may not do, https://docs.stripe.com/keys. */
export const secretKeyRequired = () =>
  new ProviderError(
    403,
    {
      type: "invalid_request_error",
      code: "secret_key_required",
      message:
        "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
    },
    false,
  );

/** A connected account, of which this provider has none. */
export const noAccess = (key: string, account: string) =>
  new ProviderError(
    403,
    {
      type: "invalid_request_error",
      code: "account_invalid",
      message: `The provided key '${masked(key)}' does not have access to account '${account}' (or that account does not exist). Application access may have been revoked.`,
    },
    false,
  );

export const notAForm = () =>
  new ProviderError(
    400,
    {
      type: "invalid_request_error",
      message:
        "Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any questions, we can help at https://support.stripe.com/.",
    },
    false,
  );

export const noKey = () =>
  new ProviderError(401, {
    type: "invalid_request_error",
    message:
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
  });

export const badKey = (key: string) =>
  new ProviderError(401, {
    type: "invalid_request_error",
    message: `Invalid API Key provided: ${masked(key)}`,
  });

const masked = (key: string) =>
  key.length > 12
    ? `${key.slice(0, 8)}${"*".repeat(key.length - 12)}${key.slice(-4)}`
    : "*".repeat(key.length);
