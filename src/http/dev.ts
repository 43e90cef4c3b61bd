import Router from "@koa/router";
import { z } from "zod";
import type { DevMailbox } from "../mail/dev-mailbox.ts";
import { framed, MAILBOX_HEADERS, mailboxPage } from "./pages/index.ts";
import { validate } from "./validate.ts";

const query = z.object({ to: z.string().max(254).optional() });
const SHOWN = 50;

/** A mail looks as it does in a mail program: with its own styles, and nothing else. Its links open beside the frame that shows it. */
const MAIL_HEADERS = {
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'; sandbox allow-popups allow-popups-to-escape-sandbox",
  "Referrer-Policy": "no-referrer",
} as const;

/** The development mailbox: what would have been mailed. Not mounted where SMTP_URL is set. */
export const devRoutes = (mailbox: DevMailbox): Router =>
  new Router()
    .get("/dev/mailbox", (ctx) => {
      const { to } = validate(query, { ...ctx.query }, "The query");
      const mails = mailbox.list(to ? { to } : {});
      ctx.set(MAILBOX_HEADERS);
      ctx.type = "html";
      ctx.body = mailboxPage({
        mails: mails.slice(0, SHOWN),
        total: mails.length,
        to: to ?? null,
        smtp_url: mailbox.smtpUrl,
      });
    })
    .get("/dev/mailbox/:id", async (ctx, next) => {
      const mail = mailbox.list().find(({ id }) => id === ctx.params["id"]);
      if (!mail) return void (await next());
      ctx.set(MAIL_HEADERS);
      ctx.type = "html";
      ctx.body = framed(mail.html, "_blank");
    })
    .get("/dev/mailbox.json", (ctx) => {
      const { to } = validate(query, { ...ctx.query }, "The query");
      ctx.body = mailbox.list(to ? { to } : {});
    });
