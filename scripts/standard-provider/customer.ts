import Router from "@koa/router";
import { z } from "zod";
import type { Books } from "./books.ts";
import type { Scenario } from "./scenario.ts";

const chosen = z.looseObject({ method: z.string() });

const escape = (text: string) =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? c);

/** What a customer does on the payment's page, or a page of the merchant's with its token; and what banks do to it. */
export const customerRoutes = (books: Books, scenarios: ReadonlyMap<string, Scenario>): Router =>
  new Router()
    .get("/pay/:id", (ctx) => {
      const { id, state, total } = books.shown(books.find(ctx.params["id"] ?? ""));
      const buttons = [...scenarios].map(
        ([method, { about }]) =>
          `<p><button name="method" value="${escape(method)}">${escape(method)}</button> ${escape(about)}</p>`,
      );
      ctx.type = "html";
      ctx.body = `<!doctype html><meta charset="utf-8"><title>Pay</title>
<h1>${escape(total.value)} ${escape(total.currency)}</h1><p>${escape(id)} is ${state}.</p>
<form method="post">${buttons.join("\n")}</form>`;
    })
    .post("/pay/:id", (ctx) => {
      const payment = books.find(ctx.params["id"] ?? "");
      books.attempt(payment, chosen.parse(ctx.request.body).method);
      ctx.redirect(payment.return_url);
      ctx.status = 303;
    })
    .post("/client/:token/attempts", (ctx) => {
      const payment = books.find((ctx.params["token"] ?? "").replace("token_", "pay_"));
      books.attempt(payment, chosen.parse(ctx.request.body).method);
      ctx.body = { state: payment.state };
    })
    .post("/bank/:id/:deed", (ctx) => {
      const payment = books.find(ctx.params["id"] ?? "");
      const deeds: Record<string, () => void> = {
        chargeback: () => void books.chargeBack(payment, "not_received"),
        won: () => books.closeChargeback(payment, "won"),
        lost: () => books.closeChargeback(payment, "lost"),
        lapse: () => books.lapse(payment),
      };
      deeds[ctx.params["deed"] ?? ""]?.();
      ctx.body = books.shown(payment);
    });
