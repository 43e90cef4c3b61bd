import { SealBroken, type Seal } from "../seal.ts";

/** As Standard Webhooks writes secrets; those of approvals of release 0.1 are stored so. What is sealed never begins with it. */
const PLAIN = "whsec_";

/** The secret of an approval's callback, as it signs. @throws SealBroken */
export const openCallbackSecret = (seal: Seal, approvalId: string, stored: string): string =>
  stored.startsWith(PLAIN) ? stored : seal.open(stored, approvalId);

/** The same as it is stored from now on: sealed with the first key. @throws SealBroken */
export const resealedCallbackSecret = (seal: Seal, approvalId: string, stored: string): string =>
  !stored.startsWith(PLAIN) && seal.isCurrent(stored)
    ? stored
    : seal.close(openCallbackSecret(seal, approvalId, stored), approvalId);

/** For whoever is shown it again: null when no key of ours opens it any more. */
export function shownCallbackSecret(seal: Seal, approvalId: string, stored: string): string | null {
  try {
    return openCallbackSecret(seal, approvalId, stored);
  } catch (error) {
    if (error instanceof SealBroken) return null;
    throw error;
  }
}
