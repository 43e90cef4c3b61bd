import Router from "@koa/router";
import { z } from "zod";
import type { EventAnswer, EventValues } from "../contract/answers/orders.ts";
import { getOrderEvents } from "../db/order-events.ts";
import type { Pool } from "../db/pool.ts";
import { EVENT_KEYS } from "../domain/order-view.ts";
import { waitFor } from "../engine/wakeups.ts";
import { AppError } from "../errors.ts";
import { isOrderId } from "./audit-query.ts";
import { principal } from "./context.ts";
import { validate } from "./validate.ts";

const waitQuery = z.strictObject({
  timeout: z.coerce
    .number("must be a number of seconds from 0 to 60")
    .min(0, "must be at least 0")
    .max(60, "must be at most 60 seconds")
    .default(0),
});

const keyPath = z.enum(EVENT_KEYS, `must be one of ${EVENT_KEYS.join(", ")}`);

/** What an order publishes, for polling and for waiting. */
export function orderEventRoutes(pool: Pool, stopping: AbortSignal): Router {
  const events = async (tenant: string, id: string): Promise<Map<string, unknown>> => {
    const found = isOrderId(id) ? await getOrderEvents(pool, tenant, id) : null;
    if (!found) throw new AppError("not_found", `There is no order ${id.slice(0, 64)}.`);
    return found;
  };
  return new Router()
    .get("/orders/:id/events", async (ctx) => {
      ctx.body = Object.fromEntries(await events(principal(ctx).tenant, ctx.params["id"] ?? ""));
    })
    .get("/orders/:id/events/:key", async (ctx) => {
      const { tenant } = principal(ctx);
      const id = ctx.params["id"] ?? "";
      const key = validate(keyPath, ctx.params["key"], "The event's key");
      const { timeout } = validate(waitQuery, { ...ctx.query }, "The query");
      const gone = new AbortController();
      ctx.res.once("close", () => gone.abort());
      const signal = AbortSignal.any([gone.signal, stopping]);
      const look = async () => {
        const set = await events(tenant, id);
        return set.has(key) ? { value: set.get(key) } : null;
      };
      const found = await waitFor(id, look, { timeoutMs: timeout * 1000, signal });
      if (!found && stopping.aborted)
        throw new AppError("shutting_down", "This process is stopping; ask again.", { retryAfter: 1 });
      if (!found)
        throw new AppError(
          "event_not_set",
          `Event ${key} of order ${id} is not set yet; ask again, with ?timeout= to wait up to 60 s.`,
        );
      const value = found.value as EventValues[typeof key];
      ctx.body = { object: "event", order_id: id, key, value } satisfies EventAnswer;
    });
}
