import Router from "@koa/router";
import getRawBody from "raw-body";
import { byItself, type Actor, type World } from "./call.ts";
import { followSetup } from "./checkout-payment.ts";
import { decodeForm } from "./form.ts";
import type { SetupIntent } from "./objects.ts";
import { messagePage } from "./pages/message.ts";
import { page } from "./pages/layout.ts";
import { authenticateSetup } from "./setup-confirmation.ts";

const FORM = `<main class="center"><div class="card"><h1>Save this card?</h1>
<p class="soft">This test card asks its owner before it is saved, as 3-D Secure does.</p>
<form method="post" class="choice">
<button class="pay" name="outcome" value="pass" id="pass">Complete authentication</button>
<button name="outcome" value="fail" id="fail">Fail authentication</button>
</form></div></main>`;

/** The bank's page for a card that is saved and not charged; mounted before the other pages. */
export function setupPages(world: World): Router {
  const router = new Router();
  router.get("/3d-secure/:id", async (ctx, next) => {
    const found = setupAnywhere(world, ctx.params["id"] ?? "");
    if (!found) {
      await next();
      return;
    }
    ctx.type = "html";
    ctx.body =
      found.intent.status === "requires_action"
        ? page("3-D Secure test page", FORM, "")
        : messagePage("Nothing to confirm", `This setup has the status ${found.intent.status}.`, null);
  });
  router.post("/3d-secure/:id", async (ctx, next) => {
    const found = setupAnywhere(world, ctx.params["id"] ?? "");
    if (!found) {
      await next();
      return;
    }
    const { actor, intent } = found;
    const back = intent.next_action?.redirect_to_url?.return_url;
    const form = decodeForm(await getRawBody(ctx.req, { limit: "64kb", encoding: "utf8" }));
    const refused = authenticateSetup(actor, intent, form["outcome"] === "pass");
    followSetup(actor, intent, refused);
    world.state.commit();
    if (back) {
      const url = new URL(back);
      url.searchParams.set("setup_intent", intent.id);
      url.searchParams.set("setup_intent_client_secret", intent.client_secret ?? "");
      url.searchParams.set("redirect_status", refused ? "failed" : "succeeded");
      ctx.redirect(url.toString());
      ctx.status = 303;
      return;
    }
    ctx.type = "html";
    ctx.body = messagePage(
      refused ? "Authentication failed" : "Authentication complete",
      "You can close this page.",
      null,
    );
  });
  return router;
}

function setupAnywhere(world: World, id: string): { actor: Actor; intent: SetupIntent } | null {
  if (!id.startsWith("seti_")) return null;
  for (const account of world.state.accounts.values()) {
    const intent = account.of.setup_intents.get(id);
    if (intent) return { actor: byItself(world, account), intent };
  }
  return null;
}
