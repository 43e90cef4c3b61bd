import type { IncomingMessage } from "node:http";
import { AppError } from "../errors.ts";

/** Refuses what another site's page has sent. */
export type RefuseForeign = (request: IncomingMessage) => void;

/**
 * A browser says where a request comes from in `Sec-Fetch-Site` and `Origin`; nothing else sends them. What is neither at the
 * public URL nor at the host that was asked is another site's.
 */
export const refuseForeign =
  (publicUrl: string): RefuseForeign =>
  ({ headers }) => {
    const site = headers["sec-fetch-site"];
    const { origin, host } = headers;
    const foreign =
      (site !== undefined && site !== "same-origin" && site !== "none") ||
      (origin !== undefined && origin !== new URL(publicUrl).origin && URL.parse(origin)?.host !== host);
    if (foreign)
      throw new AppError(
        "forbidden",
        "This was sent by a page of another site; open the console at PUBLIC_URL and try again.",
      );
  };

/**
 * Whether a script sent the form. Chromium says of each navigation whether a person began it (Sec-Fetch-User,
 * https://www.w3.org/TR/fetch-metadata/), and scanners that run scripts are Chromium; a browser that says nothing is believed.
 */
export const isScripted = ({ headers }: IncomingMessage): boolean =>
  (headers["sec-ch-ua"] ?? "") !== "" &&
  (headers["sec-fetch-mode"] ?? "") !== "" &&
  headers["sec-fetch-user"] !== "?1";
