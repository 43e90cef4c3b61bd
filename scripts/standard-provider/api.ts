import Router from "@koa/router";
import type { Context } from "koa";
import { z } from "zod";
import { type Books, Refusal } from "./books.ts";
import type { Payment } from "./payment.ts";
import { shownOperation } from "./shown.ts";

const opening = z.looseObject({
  order: z.string(),
  total: z.strictObject({ value: z.string(), currency: z.string().regex(/^[A-Z]{3}$/) }),
  take: z.enum(["hold", "now"]),
  via: z.enum(["page", "client", "server"]),
  return_url: z.string(),
  method: z.string().optional(),
});

const trying = z.looseObject({ method: z.string() });

const operating = z.strictObject({
  kind: z.enum(["capture", "cancel", "refund"]),
  amount: z.string().optional(),
  reference: z.string().optional(),
  unpaid_only: z.boolean().optional(),
});

interface Answer {
  status: number;
  body: unknown;
}

/** The API of the merchant. A `Request-Key` makes a repeated request the same one: its answer is given again. */
export function apiRoutes(books: Books, apiKey: string): Router {
  const answers = new Map<string, { request: string; answer: Answer }>();

  /** Performs a request once per key; a fault of the payment's scenario may spoil the answer, not what was done. */
  function once(ctx: Context, perform: () => Answer): void {
    const key = ctx.get("request-key");
    if (key === "") throw new Refusal(400, "request_key", "Send a Request-Key.");
    const request = JSON.stringify([ctx.path, ctx.request.body]);
    const known = answers.get(key);
    if (known && known.request !== request)
      throw new Refusal(422, "request_key", "This Request-Key was used for another request.");
    const answer = known?.answer ?? perform();
    answers.set(key, { request, answer });
    ctx.status = answer.status;
    ctx.body = answer.body;
  }

  /** Counts the request, and performs or spoils it as the scenario says. */
  function faulty(payment: Payment, request: string, perform: () => void): void {
    const nth = (payment.requests[request] ?? 0) + 1;
    payment.requests[request] = nth;
    const fault = payment.scenario.faults.find((each) => each.request === request && each.nth === nth);
    if (!fault || fault.performed) perform();
    if (fault) throw new Refusal(fault.status, "fault", `The scenario answers this with ${fault.status}.`);
  }

  return new Router()
    .use(async (ctx, next) => {
      if (ctx.get("authorization") !== `Bearer ${apiKey}`)
        throw new Refusal(401, "unauthorized", "Send Authorization: Bearer KEY.");
      await next();
    })
    .post("/payments", (ctx) =>
      once(ctx, () => {
        const wanted = parse(opening, ctx.request.body);
        const payment = books.open(wanted);
        if (wanted.method !== undefined) books.attempt(payment, wanted.method);
        return { status: 201, body: books.shown(payment) };
      }),
    )
    .get("/payments/:id", (ctx) => {
      ctx.body = books.shown(books.find(ctx.params["id"] ?? ""));
    })
    .post("/payments/:id/attempts", (ctx) => {
      const payment = books.find(ctx.params["id"] ?? "");
      faulty(payment, "attempt", () =>
        once(ctx, () => {
          books.attempt(payment, parse(trying, ctx.request.body).method);
          return { status: 200, body: books.shown(payment) };
        }),
      );
    })
    .post("/payments/:id/operations", (ctx) => {
      const payment = books.find(ctx.params["id"] ?? "");
      const wanted = parse(operating, ctx.request.body);
      faulty(payment, wanted.kind, () =>
        once(ctx, () => ({
          status: 202,
          body: shownOperation(payment, books.operate(payment, wanted)),
        })),
      );
    })
    .get("/operations/:id", (ctx) => {
      ctx.body = books.operation(ctx.params["id"] ?? "");
    });
}

function parse<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new Refusal(422, "request", z.prettifyError(parsed.error));
}
