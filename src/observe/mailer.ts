import type { Mailer } from "../mail/transport.ts";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";
import { observed } from "./observed.ts";

/** The mailer with each mail measured, traced, and remembered for `/readyz`. */
export function observedMailer(
  mailer: Mailer,
  { metrics, health }: { metrics: Pick<Metrics, "mails">; health: Health },
): Mailer {
  return {
    ...mailer,
    send: (mail) =>
      observed(
        {
          name: "mail send",
          attributes: { "messaging.system": "smtp", "messaging.message.id": mail.messageId },
          tell(seconds, ended) {
            const outcome = "value" in ended ? ended.value.outcome : "deferred";
            metrics.mails.observe({ outcome }, seconds);
            // Who refuses one mail takes others.
            if (outcome === "deferred") health.failed("deferred");
            else health.worked();
          },
        },
        () => mailer.send(mail),
      ),
  };
}
