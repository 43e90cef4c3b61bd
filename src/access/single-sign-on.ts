import * as oidc from "openid-client";
import { AppError } from "../errors.ts";

export interface SingleSignOnConfig {
  issuer: string;
  clientId: string;
  clientSecret: string;
}

/** What the browser keeps between leaving for the provider and coming back. */
export interface Departure {
  state: string;
  nonce: string;
  verifier: string;
}

export interface SingleSignOn {
  /** Where the browser is sent, and what it keeps until it is back. */
  leave(): Promise<{ url: string; departure: Departure }>;
  /**
   * Who has come back.
   * @param url as it was asked for, with the provider's answer in its query
   * @returns an address that the provider vouches for
   * @throws AppError `unauthorized`
   */
  arrive(url: URL, departure: Departure): Promise<string>;
}

const SCOPE = "openid email";

/**
 * OpenID Connect's authorization code flow with PKCE (https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, RFC 7636).
 * The provider is looked up when somebody first signs in: that it is down is no reason not to start.
 */
export function createSingleSignOn(
  { issuer, clientId, clientSecret }: SingleSignOnConfig,
  redirectUrl: string,
): SingleSignOn {
  const url = new URL(issuer);
  let known: Promise<oidc.Configuration> | null = null;
  const discovered = (): Promise<oidc.Configuration> => {
    known ??= oidc
      .discovery(url, clientId, clientSecret, undefined, {
        // In production the issuer has to be https: see `productionRefusals`.
        execute: url.protocol === "http:" ? [oidc.allowInsecureRequests] : [],
        timeout: 10,
      })
      .catch((cause: unknown) => {
        known = null;
        throw refusal("The sign-in provider (OIDC_ISSUER) cannot be reached; try again later.", cause);
      });
    return known;
  };
  return {
    async leave() {
      const config = await discovered();
      const departure = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
      };
      const to = oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirectUrl,
        scope: SCOPE,
        state: departure.state,
        nonce: departure.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(departure.verifier),
        code_challenge_method: "S256",
      });
      return { url: to.href, departure };
    },
    async arrive(came, { state, nonce, verifier }) {
      const config = await discovered();
      // Behind a proxy the request's own address is another than the one that was registered.
      const at = new URL(redirectUrl);
      at.search = came.search;
      try {
        const tokens = await oidc.authorizationCodeGrant(config, at, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        return await addressOf(config, tokens);
      } catch (error) {
        if (error instanceof AppError) throw error;
        throw refusal(
          "The sign-in provider did not let you in, or its answer was too old; try again.",
          error,
        );
      }
    },
  };
}

type Tokens = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>;

/** Providers put the address into the token or tell it when they are asked. One that nobody has verified is anybody's. */
async function addressOf(config: oidc.Configuration, tokens: Tokens): Promise<string> {
  const claims = tokens.claims();
  if (!claims) throw refusal("The sign-in provider did not say who you are.");
  const { email, email_verified } =
    typeof claims["email"] === "string"
      ? claims
      : await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  if (typeof email !== "string" || email_verified !== true)
    throw refusal("The sign-in provider vouches for no address of yours (email, email_verified).");
  return email;
}

const refusal = (message: string, cause?: unknown) => new AppError("unauthorized", message, { cause });
