import type Router from "@koa/router";
import type { Middleware } from "koa";
import { createKeyring } from "../access/keyring.ts";
import { createOperators } from "../access/operators.ts";
import { createSessions } from "../access/sessions.ts";
import { createSignInLinks } from "../access/sign-in-links.ts";
import { createSingleSignOn } from "../access/single-sign-on.ts";
import type { Config } from "../config.ts";
import type { SignInWay } from "../contract/answers/sessions.ts";
import type { Pool } from "../db/pool.ts";
import { authenticated, createAuthenticate, type Authenticate } from "../http/auth.ts";
import { consoleOidcRoutes } from "../http/console-oidc.ts";
import { beginSession, consoleSessionRoutes } from "../http/console-session.ts";
import { consoleRoutes } from "../http/console.ts";
import { keyLimit } from "../http/key-limit.ts";
import { refuseForeign } from "../http/same-site.ts";
import { createSessionCookie } from "../http/session-cookie.ts";
import type { Log } from "../log.ts";
import type { Mailer } from "../mail/transport.ts";
import { CONSOLE } from "./links.ts";

export interface Access {
  authenticate: Authenticate;
  /** Stand before everything below /v1. */
  guards: Middleware[];
  /** The console and signing in to it. */
  console: Router[];
}

interface Options {
  config: Config;
  pool: Pool;
  mailer: Pick<Mailer, "send">;
  publicUrl: string;
  /** The first names what is new; all know what is old. */
  linkSecrets: { secret: string }[];
  provider: { name: string; url: string | null };
  /** Whether there is a development mailbox. */
  mailbox: boolean;
  log: Log;
}

/** Who may come in, and by which door. */
export function startAccess(options: Options): Access {
  const { config, pool, mailer, publicUrl, linkSecrets, provider, mailbox, log } = options;
  const operators = createOperators(config.operators);
  const secrets = linkSecrets.map(({ secret }) => secret);
  const keyring = createKeyring(config.apiKeys, secrets, pool);
  const sessions = createSessions({ db: pool, keyring, operators, ...config.sessions });
  const links = createSignInLinks({ db: pool, operators, mailer, publicUrl, log });
  const cookie = createSessionCookie(publicUrl);
  const foreign = refuseForeign(publicUrl);
  const authenticate = createAuthenticate({ keyring, sessions, cookie, refuseForeign: foreign });
  const singleSignOn = config.oidc && createSingleSignOn(config.oidc, `${publicUrl}/console/oidc/callback`);
  const signIn: SignInWay[] = ["key"];
  if (operators.any) signIn.push("mail");
  if (singleSignOn) signIn.push("oidc");
  return {
    authenticate,
    guards: [authenticated(authenticate, cookie, sessions), keyLimit(config.requestsPerMinute)],
    console: [
      consoleSessionRoutes({
        ...{ keyring, sessions, links, cookie, refuseForeign: foreign, authenticate, signIn, log },
        about: { environment: config.production ? "production" : "development", mailbox, provider },
      }),
      ...(singleSignOn
        ? [
            consoleOidcRoutes({
              ...{ singleSignOn, operators, publicUrl, log },
              async begin(ctx, { tenant, address }) {
                const who = { tenant, user: address, credential: address, method: "oidc" } as const;
                await beginSession(ctx, { cookie, sessions, log }, who);
              },
            }),
          ]
        : []),
      consoleRoutes(CONSOLE),
    ],
  };
}
