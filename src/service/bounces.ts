import type { Config } from "../config.ts";
import type { LinkSecret } from "../domain/approval-token.ts";
import { createOperatorReturnPath } from "../mail/operator-return-path.ts";
import { bounceSecrets, createReturnPath } from "../mail/return-path.ts";
import type { Mail } from "../mail/transport.ts";

/**
 * Where mails come back to. Nobody but us reads addresses of which each is for one mail, so without a port of ours they come
 * back to the plain address.
 */
export function bouncesOf(config: Config, linkSecrets: readonly LinkSecret[]) {
  const { bounces, host } = config;
  if (bounces === null) return null;
  const { address, port } = bounces;
  if (port === null)
    return {
      returnPathOf: () => address,
      // What comes back may hold the mail: a link to sign in is nothing for who reads approvers' bounces.
      returning: (mail: Mail): Mail => mail,
      listen: null,
    };
  const secrets = bounceSecrets(linkSecrets);
  const returnPath = createReturnPath({ address, secrets });
  const ofOperators = createOperatorReturnPath({ address, secrets });
  const mailed = mailedByName(config);
  return {
    returnPathOf: returnPath.addressFor,
    /** What is not about an approval is for an operator. */
    returning: (mail: Mail): Mail =>
      typeof mail.to === "string" ? { returnPath: ofOperators.addressFor(mail.to), ...mail } : mail,
    listen: {
      ...{ host, port, returnPath },
      operatorOf: (given: string) => mailed.find((to) => ofOperators.isOf(given, to)) ?? null,
    },
  };
}

/** Everybody whom the configuration names as somebody to mail. */
const mailedByName = ({ operator, operators, checkpoints }: Config): string[] => [
  ...new Set(
    [operator, checkpoints?.email ?? null, ...operators.map(({ address }) => address)].filter(
      (to) => to !== null,
    ),
  ),
];
