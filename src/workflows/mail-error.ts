/** A mail that was not accepted; `retry` when the same mail may be accepted later. */
export class MailError extends Error {
  override readonly name = "MailError";
  readonly retry: boolean;
  readonly code: string;

  constructor(reason: string, retry: boolean) {
    super(reason);
    this.retry = retry;
    this.code = retry ? "mail_deferred" : "mail_refused";
  }
}
