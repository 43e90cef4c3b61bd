import { TOLERANCE_S } from "../../payments/stripe/signature.ts";
import { failed, passed, type Check } from "./check.ts";

/** Beyond this, slow deliveries begin to fall out of the window in which a signature is good. */
const MOST_S = 60;

/** Do our clock and the provider's agree, as signatures need? */
export function checkClock(ahead_ms: number | null): Check {
  if (ahead_ms === null) return passed("clock", "the provider did not say its time");
  const seconds = Math.round(Math.abs(ahead_ms) / 1000);
  if (seconds <= MOST_S)
    return passed("clock", seconds <= 2 ? "as the provider's" : `${seconds} s off the provider's`);
  return failed(
    "clock",
    `this machine is ${seconds} s ${ahead_ms > 0 ? "ahead of" : "behind"} the provider; a webhook's signature is good for ` +
      `${TOLERANCE_S} s both ways: set the clock (NTP)`,
  );
}
