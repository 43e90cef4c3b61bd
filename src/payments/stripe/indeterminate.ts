import Stripe from "stripe";
import { KEY_SPENT } from "../../domain/todo.ts";
import { ProviderError } from "../provider.ts";

/**
 * Runs a call that makes something. After a 5xx it may have been made, and the same key would replay the same 5xx for a day
 * (https://docs.stripe.com/error-low-level#indeterminate): so it is looked for, and what is found is the answer.
 * @throws ProviderError with `KEY_SPENT` when it was not made
 */
export async function madeOr<T>(run: () => Promise<T>, find: () => Promise<T | null>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const failure = spent(error);
    if (!failure) throw error;
    const made = await find();
    if (made !== null) return made;
    throw failure;
  }
}

/** A server error, which its idempotency key would repeat; null for every other. */
export const spent = (error: unknown): ProviderError | null =>
  error instanceof Stripe.errors.StripeAPIError
    ? new ProviderError(error.message, { code: KEY_SPENT, retry: true, cause: error })
    : null;
