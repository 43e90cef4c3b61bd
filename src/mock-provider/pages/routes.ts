import Router, { type RouterContext } from "@koa/router";
import { byItself, type Actor, type World } from "../call.ts";
import { finishChallenge, submitSession, successUrl } from "../checkout-payment.ts";
import { holder, paymentAnywhere } from "../controls.ts";
import { ProviderError } from "../errors.ts";
import type { Session } from "../objects.ts";
import { makeMethod, methodNamed } from "../payment-methods.ts";
import { mountBoard } from "./board-routes.ts";
import { challengePage } from "./challenge.ts";
import { checkoutPage } from "./checkout.ts";
import { formFields, go } from "./form-fields.ts";
import { messagePage } from "./message.ts";

const CSP =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'";

/** Pages for people: the hosted checkout, the 3-D Secure challenge, and what the provider holds. */
export function pages(world: World): Router {
  const router = new Router();
  router.use(async (ctx, next) => {
    ctx.set("Content-Security-Policy", CSP);
    ctx.set("X-Content-Type-Options", "nosniff");
    ctx.set("Cache-Control", "no-store");
    // A page of some other site must not press these buttons from the developer's browser.
    const site = ctx.get("Sec-Fetch-Site");
    if (ctx.method === "POST" && site !== "" && site !== "same-origin" && site !== "none") ctx.throw(403);
    try {
      await next();
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      ctx.status = error.status;
      ctx.type = "html";
      ctx.body = messagePage("Nothing here", error.message, null);
    } finally {
      world.state.commit();
    }
  });

  mountBoard(router, world);
  router.get("/c/pay/:id", (ctx) => {
    const found = sessionAnywhere(world, ctx);
    ctx.type = "html";
    ctx.status = found ? 200 : 404;
    ctx.body = found
      ? checkoutPage(found.session, found.actor.account.of.session_plans.get(found.session.id))
      : messagePage("This page does not exist", "There is no Checkout Session with this address.", null);
  });
  router.post("/c/pay/:id", async (ctx) => {
    const form = await formFields(ctx);
    const found = sessionAnywhere(world, ctx);
    if (!found) {
      ctx.redirect(`/c/pay/${encodeURIComponent(ctx.params["id"] ?? "")}`);
      return;
    }
    const { actor, session } = found;
    if (session.status === "open") {
      try {
        submitSession(actor, session, method(actor, form));
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        remark(actor, session, error.message);
      }
    }
    go(ctx, next(actor, session));
  });
  router.get("/c/pay/:id/return", (ctx) => {
    const found = sessionAnywhere(world, ctx);
    go(ctx, found ? next(found.actor, found.session) : "/");
  });
  router.get("/3d-secure/:id", (ctx) => {
    const [actor, payment] = paymentAnywhere(world, ctx.params["id"] ?? "");
    ctx.type = "html";
    ctx.body =
      payment.status === "requires_action"
        ? challengePage(actor, payment)
        : messagePage("Nothing to confirm", `This payment has the status ${payment.status}.`, null);
  });
  router.post("/3d-secure/:id", async (ctx) => {
    const form = await formFields(ctx);
    const [actor, payment] = paymentAnywhere(world, ctx.params["id"] ?? "");
    const refused = finishChallenge(actor, payment, form["outcome"] === "pass");
    const session = actor.account.of.sessions.get(actor.account.of.payment_notes.get(payment.id)?.session);
    const back = actor.account.of.payment_notes.get(payment.id)?.return_url ?? null;
    if (session) {
      go(ctx, next(actor, session));
      return;
    }
    if (back === null) {
      ctx.type = "html";
      ctx.body = messagePage(
        refused ? "Authentication failed" : "Authentication complete",
        "You can close this page.",
        null,
      );
      return;
    }
    const url = new URL(back);
    url.searchParams.set("payment_intent", payment.id);
    url.searchParams.set("payment_intent_client_secret", payment.client_secret ?? "");
    url.searchParams.set("redirect_status", refused ? "failed" : "succeeded");
    go(ctx, url.toString());
  });
  router.get("/receipts/:id", (ctx) => {
    const account = holder(world, (each) => each.of.charges.get(ctx.params["id"]));
    const charge = account?.of.charges.get(ctx.params["id"]);
    ctx.type = "html";
    ctx.status = charge ? 200 : 404;
    ctx.body = messagePage(
      charge ? "Receipt" : "No such receipt",
      charge ? `Charge ${charge.id}: ${charge.status}.` : "",
      null,
    );
  });
  return router;
}

/** Where the person goes from here: on to the challenge, back to the shop, or again to the page. */
function next(actor: Actor, session: Session): string {
  if (session.status === "complete") return successUrl(session);
  const payment = actor.account.of.payment_intents.get(session.payment_intent);
  const challenge = payment?.next_action?.redirect_to_url?.url;
  return challenge ?? `/c/pay/${session.id}`;
}

function sessionAnywhere(world: World, ctx: RouterContext): { actor: Actor; session: Session } | null {
  const id = ctx.params["id"] ?? "";
  const account = holder(world, (each) => each.of.sessions.get(id));
  const session = account?.of.sessions.get(id);
  return account && session ? { actor: byItself(world, account), session } : null;
}

function method(actor: Actor, form: Record<string, string>) {
  const chosen = form["test_card"];
  const billing = { email: form["email"] || null, name: form["name"] || null };
  if (chosen) {
    const made = methodNamed(actor, chosen, "test_card");
    made.billing_details = { ...made.billing_details, ...billing };
    return actor.account.of.payment_methods.put(made);
  }
  const [month = "", year = ""] = (form["expiry"] ?? "").split("/").map((each) => each.trim());
  return makeMethod(actor, {
    type: "card",
    card: {
      number: form["number"] ?? "",
      exp_month: Number(month) || 0,
      exp_year: Number(year) || 0,
      cvc: form["cvc"] || undefined,
    },
    billing_details: billing,
  });
}

function remark(actor: Actor, session: Session, text: string): void {
  const plan = actor.account.of.session_plans.get(session.id);
  if (plan) actor.account.of.session_plans.put({ ...plan, notice: text });
}
