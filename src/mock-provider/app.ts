import Router from "@koa/router";
import Koa from "koa";
import type { World } from "./call.ts";
import { controls } from "./controls.ts";
import { mount } from "./endpoint.ts";
import { noKey, unknownUrl } from "./errors.ts";
import { pages } from "./pages/routes.ts";
import { ROUTES } from "./routes.ts";
import { setupPages } from "./setup-page.ts";

/** The whole provider over HTTP: Stripe's API under `/v1`, the controls under `/_mock`, pages for people elsewhere. */
export function createApp(world: World): Koa {
  const app = new Koa();
  const api = new Router({ prefix: "/v1", strict: true });
  for (const route of ROUTES) mount(api, world, route);
  const control = controls(world);
  const people = pages(world);
  app.use(api.routes());
  app.use(control.routes());
  app.use(setupPages(world).routes());
  app.use(people.routes());
  app.use((ctx) => {
    const error =
      ctx.get("Authorization") === "" && ctx.path.startsWith("/v1/")
        ? noKey()
        : unknownUrl(ctx.method, ctx.path);
    ctx.status = error.status;
    ctx.body = { error: error.body };
  });
  return app;
}
