import type Router from "@koa/router";
import type { RouterContext } from "@koa/router";
import { byItself, type World } from "../call.ts";
import { wantedChaos } from "../chaos.ts";
import { checked, holder, paymentAnywhere, wantedAdvance } from "../controls.ts";
import { noSuch, ProviderError } from "../errors.ts";
import { listenersOf, resend } from "../events.ts";
import { setEnabled } from "../webhook-endpoints.ts";
import { act } from "./actions.ts";
import { chaosOf } from "./conditions.ts";
import { dashboardPage } from "./dashboard.ts";
import { formFields, go } from "./form-fields.ts";
import { paymentPage } from "./payment.ts";

/** The provider's dashboard, all of it by forms without scripts. What is refused is said on the page it was asked on. */
export function mountBoard(router: Router, world: World): void {
  const front = (ctx: RouterContext, refused: ProviderError | null) => {
    ctx.type = "html";
    ctx.status = refused?.status ?? 200;
    ctx.body = dashboardPage(world, refused?.message ?? null);
  };
  const payment = (ctx: RouterContext, refused: ProviderError | null) => {
    const [actor, found] = paymentAnywhere(world, ctx.params["id"] ?? "");
    ctx.type = "html";
    ctx.status = refused?.status ?? 200;
    ctx.body = paymentPage(actor, found, refused?.message ?? null);
  };

  router.get("/", (ctx) => {
    front(ctx, null);
  });
  router.get("/payments/:id", (ctx) => {
    payment(ctx, null);
  });
  router.post("/payments/:id", async (ctx) => {
    const form = await formFields(ctx);
    const [actor, found] = paymentAnywhere(world, ctx.params["id"] ?? "");
    const back = form["back"] === "/" ? "/" : `/payments/${found.id}`;
    attempt(
      () => {
        act(actor, found, form);
        go(ctx, back);
      },
      (refused) => {
        if (back === "/") front(ctx, refused);
        else payment(ctx, refused);
      },
    );
  });
  router.post("/events/:id", async (ctx) => {
    const { back = "/" } = await formFields(ctx);
    const id = ctx.params["id"] ?? "";
    const account = holder(world, (each) => each.of.events.get(id));
    const event = account?.of.events.get(id);
    if (!account || !event) throw noSuch("event", id, "id");
    resend(byItself(world, account), event, listenersOf(account, event.type));
    go(ctx, /^\/payments\/\w+$/.test(back) ? back : "/#events");
  });
  router.post("/endpoints/:id", async (ctx) => {
    const { disabled } = await formFields(ctx);
    const id = ctx.params["id"] ?? "";
    const account = holder(world, (each) => each.of.endpoints.get(id));
    const endpoint = account?.of.endpoints.get(id);
    if (!account || !endpoint) throw noSuch("webhook endpoint", id, "id");
    setEnabled(byItself(world, account), endpoint, disabled !== "true");
    go(ctx, "/#endpoints");
  });
  router.post("/clock", async (ctx) => {
    const form = await formFields(ctx);
    attempt(
      () => {
        world.clock.advance(checked(wantedAdvance, { advance_s: Number(form["advance_s"]) }).advance_s);
        go(ctx, "/#clock");
      },
      (refused) => {
        front(ctx, refused);
      },
    );
  });
  router.post("/chaos", async (ctx) => {
    const form = await formFields(ctx);
    attempt(
      () => {
        world.chaos.set(checked(wantedChaos, chaosOf(form)));
        go(ctx, "/#chaos");
      },
      (refused) => {
        front(ctx, refused);
      },
    );
  });
}

function attempt(work: () => void, refused: (error: ProviderError) => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    refused(error);
  }
}
