import { ProviderError } from "../../payments/provider.ts";
import { createStandardProvider } from "../../payments/standard/adapter.ts";
import { failed, messageOf, passed, type Check } from "./check.ts";

/** A provider of the standard kind has no list of endpoints to look at: whether it answers and knows our key is all. */
export async function checkStandardProvider({ key, base }: { key: string; base: string }): Promise<Check> {
  try {
    await createStandardProvider({ apiKey: key, apiBase: base }).retrieve("countersign_doctor");
    return failed("provider", `STANDARD_API_BASE: ${base} knows a payment that cannot exist`);
  } catch (error) {
    // That this payment is missing is the answer of a provider that knows our key.
    return error instanceof ProviderError && error.code === "resource_missing"
      ? passed("provider", `${base} knows the key`)
      : failed("provider", `STANDARD_API_BASE, STANDARD_API_KEY: ${messageOf(error)}`);
  }
}
