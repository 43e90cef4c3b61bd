import { findSignIn, insertSignIn, takeSignIn, type SignInLink } from "../db/console-sign-ins.ts";
import type { Queryable } from "../db/pool.ts";
import type { Log } from "../log.ts";
import { signInMail } from "../mail/templates/sign-in.ts";
import type { Mailer } from "../mail/transport.ts";
import type { Operators } from "./operators.ts";
import { hashOf, newToken, TOKEN_PATTERN } from "./secret.ts";

/** How long a mailed link is good. */
export const LINK_S = 15 * 60;

export interface SignInLinks {
  /** Mails a link to an operator, and does nothing for anybody else; who asks cannot tell which. */
  send(address: string): Promise<void>;
  /** Whom it would sign in; looking does not use it up. */
  look(token: string): Promise<SignInLink | null>;
  /** Uses it up. */
  take(token: string): Promise<SignInLink | null>;
}

interface Deps {
  db: Queryable;
  operators: Operators;
  mailer: Pick<Mailer, "send">;
  publicUrl: string;
  log: Log;
}

/** A link that did not get through is asked for again by whoever waits for it: it is not sent twice. */
export function createSignInLinks({ db, operators, mailer, publicUrl, log }: Deps): SignInLinks {
  return {
    async send(address) {
      for (const { tenant, address: configured } of operators.placesOf(address)) {
        const token = newToken();
        // To the address as it is configured, never as it was typed.
        await insertSignIn(db, { token_hash: hashOf(token), tenant, address: configured, forS: LINK_S });
        const { outcome } = await mailer.send({
          ...signInMail({ link: `${publicUrl}/console/sign-in/${token}`, tenant, minutes: LINK_S / 60 }),
          to: configured,
          messageId: `<sign-in.${hashOf(token).slice(0, 32)}@countersign>`,
        });
        if (outcome !== "accepted") log.warn({ outcome }, "a sign-in link could not be mailed");
      }
    },
    look: async (token) => (TOKEN_PATTERN.test(token) ? findSignIn(db, hashOf(token)) : null),
    take: async (token) => (TOKEN_PATTERN.test(token) ? takeSignIn(db, hashOf(token)) : null),
  };
}
