import type { Config } from "../config.ts";
import type { LinkSecret } from "../domain/approval-token.ts";
import { bounceSecrets, createReturnPath } from "../mail/return-path.ts";

/**
 * Where mails come back to. Nobody but us reads addresses of which each is for one mail, so without a port of ours they come
 * back to the plain address.
 */
export function bouncesOf({ bounces, host }: Config, linkSecrets: readonly LinkSecret[]) {
  if (bounces === null) return null;
  const { address, port } = bounces;
  if (port === null) return { returnPathOf: () => address, listen: null };
  const returnPath = createReturnPath({ address, secrets: bounceSecrets(linkSecrets) });
  return { returnPathOf: returnPath.addressFor, listen: { host, port, returnPath } };
}
