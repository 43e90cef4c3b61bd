import type { Config } from "../../config.ts";
import type { Log } from "../../log.ts";
import { createMailer } from "../../mail/transport.ts";
import { failed, passed, type Check } from "./check.ts";

/** Does the SMTP server let us in? */
export async function checkMail({ smtpUrl, mailFrom }: Config, log: Log): Promise<Check> {
  if (smtpUrl === null) return passed("mail", "development mailbox; set SMTP_URL for production");
  const mailer = createMailer({ smtpUrl, from: mailFrom, log });
  try {
    const check = await mailer.verify();
    return check.ok
      ? passed("mail", "the SMTP server lets us in")
      : failed("mail", `SMTP_URL: ${check.reason}`);
  } finally {
    mailer.close();
  }
}
