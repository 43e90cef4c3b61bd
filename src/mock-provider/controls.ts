import Router, { type RouterContext } from "@koa/router";
import getRawBody from "raw-body";
import { z } from "zod";
import { byItself, type Actor, type World } from "./call.ts";
import { wantedChaos } from "./chaos.ts";
import { finishChallenge, submitSession } from "./checkout-payment.ts";
import { decideDispute, openDispute } from "./disputes.ts";
import { rollSecret } from "./endpoint-secrets.ts";
import { badParam, badState, noSuch, ProviderError } from "./errors.ts";
import { ledgerOf } from "./ledger.ts";
import type { PaymentIntent } from "./objects.ts";
import { methodNamed } from "./payment-methods.ts";
import { failRefund } from "./refunds.ts";
import type { Account } from "./state.ts";

/** What only a mock can do: `/_mock/…`, JSON in and out, for tests and for people who develop. */
export function controls(world: World): Router {
  const router = new Router({ prefix: "/_mock" });
  router.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      ctx.status = error.status;
      ctx.body = { error: error.body };
    } finally {
      world.state.commit();
    }
  });

  router.get("/health", (ctx) => {
    ctx.body = { status: "ok", url: world.url(), time: new Date(world.clock.ms()).toISOString() };
  });
  router.get("/chaos", (ctx) => {
    ctx.body = world.chaos.settings;
  });
  router.post("/chaos", async (ctx) => {
    world.chaos.set(await given(ctx, wantedChaos));
    ctx.body = world.chaos.settings;
  });
  router.post("/clock", async (ctx) => {
    const { advance_s } = await given(ctx, wantedAdvance);
    world.clock.advance(advance_s);
    ctx.body = { now: new Date(world.clock.ms()).toISOString(), unix: world.clock.now() };
  });
  router.get("/ledger", (ctx) => {
    ctx.body = ledger(world, ctx);
  });
  router.post("/checkout/:id/pay", async (ctx) => {
    ctx.body = pay(world, ctx.params["id"] ?? "", await given(ctx, payShape));
  });
  router.post("/payment_intents/:id/authenticate", async (ctx) => {
    const { outcome } = await given(ctx, z.strictObject({ outcome: passOrFail }));
    const [actor, payment] = paymentAnywhere(world, ctx.params["id"] ?? "");
    if (payment.status !== "requires_action")
      throw badState(`This PaymentIntent has a status of ${payment.status}.`);
    finishChallenge(actor, payment, outcome === "pass");
    ctx.body = payment;
  });
  router.post("/payment_intents/:id/dispute", async (ctx) => {
    const { kind } = await given(ctx, disputeShape);
    const [actor, payment] = paymentAnywhere(world, ctx.params["id"] ?? "");
    const charge = actor.account.of.charges.get(payment.latest_charge);
    if (!charge?.captured || charge.disputed)
      throw badState("Only a captured charge without a dispute can be disputed.");
    ctx.body = openDispute(actor, charge, kind);
  });
  router.post("/disputes/:id/decide", async (ctx) => {
    const { outcome } = await given(ctx, z.strictObject({ outcome: z.enum(["won", "lost"]) }));
    const id = ctx.params["id"] ?? "";
    const account = holder(world, (each) => each.of.disputes.get(id));
    const dispute = account?.of.disputes.get(id);
    if (!account || !dispute) throw noSuch("dispute", id, "id");
    if (["won", "lost", "warning_closed"].includes(dispute.status))
      throw badState("This dispute is already closed");
    decideDispute(byItself(world, account), dispute, outcome);
    ctx.body = dispute;
  });
  router.post("/refunds/:id/fail", (ctx) => {
    const id = ctx.params["id"] ?? "";
    const account = holder(world, (each) => each.of.refunds.get(id));
    const refund = account?.of.refunds.get(id);
    if (!account || !refund) throw noSuch("refund", id, "id");
    failRefund(byItself(world, account), id);
    ctx.body = refund;
  });
  router.post("/webhook_endpoints/:id/roll_secret", async (ctx) => {
    const { expires_in_s } = await given(ctx, rollShape);
    const id = ctx.params["id"] ?? "";
    const account = holder(world, (each) => each.of.endpoint_notes.get(id));
    const note = account?.of.endpoint_notes.get(id);
    if (!account || !note) throw noSuch("webhook endpoint", id, "id");
    ctx.body = { id, secret: rollSecret(byItself(world, account), note, expires_in_s) };
  });
  return router;
}

/** The request's JSON, checked; what does not fit is answered with the field's name. */
async function given<T extends z.ZodType>(ctx: RouterContext, shape: T): Promise<z.output<T>> {
  const text = await getRawBody(ctx.req, { limit: "1mb", encoding: "utf8" });
  let body: unknown;
  try {
    body = text === "" ? {} : JSON.parse(text);
  } catch {
    throw badParam("The body is not JSON.", "");
  }
  return checked(shape, body);
}

/** @throws ProviderError that names the first field which does not fit, and what would. */
export function checked<T extends z.ZodType>(shape: T, value: unknown): z.output<T> {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === "unrecognized_keys")
    throw badParam(`There is no field ${issue.keys.join(", ")}.`, issue.keys[0] ?? "", "parameter_unknown");
  const field = issue?.path.join(".") ?? "";
  throw badParam(`${field === "" ? "The body" : field}: ${issue?.message ?? "is wrong"}`, field);
}

const TEN_YEARS_S = 10 * 365 * 86_400;
/** How far to move the clock. */
export const wantedAdvance = z.strictObject({
  advance_s: z
    .number("must be a number of seconds")
    .min(0, "must not be negative: time only goes forward")
    .max(TEN_YEARS_S, "must be at most ten years"),
});
const disputeShape = z.strictObject({
  kind: z.enum(["fraudulent", "product_not_received", "inquiry"]).default("fraudulent"),
});
/** Stripe lets a former secret sign for up to a day. */
const rollShape = z.strictObject({ expires_in_s: z.number().min(0).max(86_400).default(0) });

const passOrFail = z.enum(["pass", "fail"]);
const payShape = z.strictObject({
  payment_method: z.string().default("pm_card_visa"),
  authenticate: passOrFail.optional(),
});

/** What the hosted page does, in one request; a decline leaves the session open and is shown as `last_payment_error`. */
function pay(world: World, id: string, wanted: z.output<typeof payShape>): object {
  const account = holder(world, (each) => each.of.sessions.get(id));
  const session = account?.of.sessions.get(id);
  if (!account || !session) throw noSuch("checkout.session", id, "session");
  const actor = byItself(world, account);
  const refused = submitSession(actor, session, methodNamed(actor, wanted.payment_method, "payment_method"));
  const payment = account.of.payment_intents.get(session.payment_intent);
  const challenged = payment?.status === "requires_action" && wanted.authenticate !== undefined;
  const failed = challenged ? finishChallenge(actor, payment, wanted.authenticate === "pass") : refused;
  return { ...session, last_payment_error: failed ? payment?.last_payment_error : null };
}

/** The account that has it. Ids are unique across accounts. */
export const holder = (world: World, has: (account: Account) => unknown): Account | undefined =>
  [...world.state.accounts.values()].find((each) => has(each) !== undefined);

/** The payment, whichever account it belongs to, and the provider acting on that account. */
export function paymentAnywhere(world: World, id: string): [Actor, PaymentIntent] {
  const account = holder(world, (each) => each.of.payment_intents.get(id));
  const payment = account?.of.payment_intents.get(id);
  if (!account || !payment) throw noSuch("payment_intent", id, "intent");
  return [byItself(world, account), payment];
}

const ledgerShape = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  starting_after: z.string().optional(),
  account: z.string().optional(),
});

/** All that happened to each payment's money, newest payment first, over all accounts or one (`account`: its key). */
function ledger(world: World, ctx: RouterContext): object {
  const { limit, starting_after, account: key } = checked(ledgerShape, ctx.query);
  const name = key?.replace(/^(sk|rk)_test_/, "");
  const accounts = [...world.state.accounts.values()].filter(
    (each) => name === undefined || each.name === name,
  );
  if (starting_after !== undefined && !accounts.some((each) => each.of.payment_intents.get(starting_after))) {
    throw noSuch("payment_intent", starting_after, "starting_after", 400);
  }
  const data: object[] = [];
  let skipping = starting_after !== undefined;
  for (const account of accounts) {
    const here = starting_after !== undefined && account.of.payment_intents.get(starting_after) !== undefined;
    if (skipping && !here) continue;
    skipping = false;
    for (const payment of account.of.payment_intents.newest(here ? starting_after : undefined)) {
      if (data.length > limit) break;
      data.push(line(byItself(world, account), payment));
    }
  }
  return { object: "list", has_more: data.length > limit, data: data.slice(0, limit) };
}

function line(actor: Actor, payment: PaymentIntent): object {
  const { id, ...amounts } = ledgerOf(actor, payment.id);
  return {
    payment_intent: id,
    currency: payment.currency,
    status: payment.status,
    ...amounts,
    metadata: payment.metadata,
  };
}
