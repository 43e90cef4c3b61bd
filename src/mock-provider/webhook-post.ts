import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

/** How one try ended: with a status, or with why there is none. */
export interface PostOutcome {
  status: number | null;
  error: string | null;
}

/** Posts signed events. Redirects are not followed, and an endpoint has `timeoutMs` from the connection to its status. */
export class WebhookPost {
  readonly #timeoutMs: number;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor(timeoutMs: number, connections: number) {
    this.#timeoutMs = timeoutMs;
    this.#http = new HttpAgent({ keepAlive: true, maxSockets: connections, scheduling: "fifo" });
    this.#https = new HttpsAgent({ keepAlive: true, maxSockets: connections });
  }

  send(url: string, body: string, signature: string): Promise<PostOutcome> {
    return new Promise((resolve) => {
      this.#once(url, body, signature, resolve, true);
    });
  }

  /** Ends open connections. */
  stop(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #once(url: string, body: string, signature: string, done: (outcome: PostOutcome) => void, again: boolean) {
    try {
      const secure = url.startsWith("https:");
      const request = (secure ? httpsRequest : httpRequest)(
        url,
        {
          method: "POST",
          agent: secure ? this.#https : this.#http,
          headers: {
            "content-type": "application/json; charset=utf-8",
            "content-length": Buffer.byteLength(body),
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            accept: "*/*; q=0.5, application/xml",
            "cache-control": "no-cache",
            "stripe-signature": signature,
          },
        },
        (response) => {
          done({ status: response.statusCode ?? null, error: null });
          response.on("error", () => {
            // The status was what counts.
          });
          response.on("close", () => {
            clearTimeout(deadline);
          });
          response.resume();
        },
      );
      const deadline = setTimeout(() => {
        request.destroy(new Error(`timed out after ${this.#timeoutMs / 1000} s`));
      }, this.#timeoutMs);
      request.on("error", (error) => {
        clearTimeout(deadline);
        // A kept connection that the endpoint closed meanwhile says nothing of the endpoint.
        if (again && request.reusedSocket && "code" in error && error.code === "ECONNRESET")
          this.#once(url, body, signature, done, false);
        else done({ status: null, error: reasonOf(error) });
      });
      request.end(body);
    } catch (error) {
      done({ status: null, error: error instanceof Error ? error.message : "not sent" });
    }
  }
}

/** A name with several addresses fails with an error for each, and no message of its own. */
const reasonOf = (error: Error): string =>
  error.message || ("code" in error ? String(error.code) : error.name);
