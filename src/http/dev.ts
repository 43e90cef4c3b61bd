import Router from "@koa/router";
import { z } from "zod";
import type { DevMailbox } from "../mail/dev-mailbox.ts";
import { MAILBOX_HEADERS, mailboxPage } from "./pages/index.ts";
import { validate } from "./validate.ts";

const query = z.object({ to: z.string().max(254).optional() });
const SHOWN = 50;

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
    .get("/dev/mailbox.json", (ctx) => {
      const { to } = validate(query, { ...ctx.query }, "The query");
      ctx.body = mailbox.list(to ? { to } : {});
    });
