import fc from "fast-check";
import Stripe from "stripe";
import { afterAll, beforeAll, expect, test } from "vitest";
import { holds, runs } from "../domain/property.ts";
import { client, openBench, type Bench, type LedgerLine } from "./provider.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.stop());

const CARDS = [
  "pm_card_visa",
  "pm_card_visa",
  "pm_card_visa",
  "pm_card_mastercard",
  "pm_card_bypassPending",
  "pm_card_chargeDeclined",
  "pm_card_radarBlock",
  "pm_card_authenticationRequired",
  "pm_card_authenticationRequiredOnSetup",
  "pm_card_createDispute",
  "pm_card_createMultipleDisputes",
  "pm_card_refundFail",
  "pm_card_pendingRefund",
];
const at = fc.nat(3);
const some = fc.option(fc.integer({ min: 0, max: 2_600 }));
const card = fc.constantFrom(...CARDS);
const create = fc.record({
  do: fc.constant("create"),
  manual: fc.boolean(),
  confirm: fc.boolean(),
  several: fc.boolean(),
  card,
});
const step = fc.oneof(
  { arbitrary: create, weight: 3 },
  fc.record({ do: fc.constant("confirm"), at, card, off_session: fc.boolean() }),
  fc.record({ do: fc.constant("update"), at, amount: fc.constantFrom(0, 10, 1_000, 2_000, 100_000_000) }),
  {
    arbitrary: fc.record({ do: fc.constant("capture"), at, amount: some, final: fc.boolean() }),
    weight: 3,
  },
  fc.record({ do: fc.constant("increment"), at, amount: fc.integer({ min: 1_000, max: 3_000 }) }),
  fc.record({ do: fc.constant("cancel"), at, reason: fc.constantFrom("abandoned", "because") }),
  {
    arbitrary: fc.record({
      do: fc.constant("refund"),
      at,
      amount: some,
      reason: fc.constantFrom("duplicate", "duplicate", "because"),
    }),
    weight: 3,
  },
  fc.record({ do: fc.constant("fail_refund"), at }),
  fc.record({ do: fc.constant("authenticate"), at, pass: fc.boolean() }),
  fc.record({ do: fc.constant("dispute"), at }),
  fc.record({ do: fc.constant("decide"), at, win: fc.boolean() }),
  fc.record({
    do: fc.constant("evidence"),
    at,
    text: fc.constantFrom("winning_evidence", "losing_evidence"),
  }),
  fc.record({ do: fc.constant("wait"), seconds: fc.constantFrom(3, 3_600, 8 * 86_400) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Run {
  stripe: Stripe;
  key: string;
  payments: string[];
}

/** Performs one step; returns what was refused, null when it went through. */
async function perform(run: Run, wanted: Step): Promise<Stripe.errors.StripeError | null> {
  try {
    await call(run, wanted);
    return null;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
}

async function call({ stripe, payments }: Run, wanted: Step & Record<string, unknown>): Promise<void> {
  if (wanted.do === "wait") {
    await bench.mock("/clock", { advance_s: wanted["seconds"] });
    return;
  }
  if (wanted.do === "create") {
    const made = await stripe.paymentIntents.create({
      amount: 2_000,
      currency: "usd",
      allowed_payment_method_types: ["card"],
      capture_method: wanted["manual"] ? "manual" : "automatic",
      ...(wanted["several"]
        ? {
            payment_method_options: {
              card: {
                request_multicapture: "if_available",
                request_incremental_authorization: "if_available",
              },
            },
          }
        : {}),
    });
    payments.push(made.id);
    if (wanted["confirm"]) await stripe.paymentIntents.confirm(made.id, { payment_method: wanted["card"] });
    return;
  }
  const id = payments[wanted["at"] % Math.max(1, payments.length)];
  if (id === undefined) return;
  const amount = wanted["amount"] as number | null;
  switch (wanted.do) {
    case "confirm":
      await stripe.paymentIntents.confirm(id, {
        payment_method: wanted["card"],
        off_session: wanted["off_session"],
      });
      return;
    case "update":
      await stripe.paymentIntents.update(id, { amount: amount ?? 0 });
      return;
    case "capture":
      await stripe.paymentIntents.capture(id, {
        ...(amount === null ? {} : { amount_to_capture: amount }),
        ...(wanted["final"] ? {} : { final_capture: false }),
      });
      return;
    case "increment":
      await stripe.paymentIntents.incrementAuthorization(id, { amount: amount ?? 0 });
      return;
    case "cancel":
      await stripe.paymentIntents.cancel(id, { cancellation_reason: wanted["reason"] as "abandoned" });
      return;
    case "refund":
      await stripe.refunds.create({
        payment_intent: id,
        reason: wanted["reason"] as "duplicate",
        ...(amount === null ? {} : { amount }),
      });
      return;
    case "fail_refund": {
      const [refund] = (await stripe.refunds.list({ payment_intent: id })).data;
      if (refund) await bench.mock(`/refunds/${refund.id}/fail`, {});
      return;
    }
    case "authenticate":
      await bench.mock(`/payment_intents/${id}/authenticate`, { outcome: wanted["pass"] ? "pass" : "fail" });
      return;
    case "dispute":
      await bench.mock(`/payment_intents/${id}/dispute`, {});
      return;
    case "decide":
    case "evidence": {
      const [dispute] = (await stripe.disputes.list({ payment_intent: id })).data;
      if (dispute && wanted.do === "decide")
        await bench.mock(`/disputes/${dispute.id}/decide`, { outcome: wanted["win"] ? "won" : "lost" });
      else if (dispute)
        await stripe.disputes.update(dispute.id, {
          evidence: { uncategorized_text: wanted["text"] as string },
        });
    }
  }
}

/** Everything that there is, as the API and the ledger tell it. */
async function everything({ stripe, key }: Run) {
  const [payments, charges, refunds, disputes, moves, balance, ledger] = await Promise.all([
    stripe.paymentIntents.list({ limit: 100 }),
    stripe.charges.list({ limit: 100 }),
    stripe.refunds.list({ limit: 100 }),
    stripe.disputes.list({ limit: 100 }),
    stripe.balanceTransactions.list({ limit: 100 }),
    stripe.balance.retrieve(),
    bench.mock(`/ledger?account=${key}&limit=1000`) as unknown as Promise<{ data: LedgerLine[] }>,
  ]);
  return {
    payments: payments.data,
    charges: charges.data,
    refunds: refunds.data,
    disputes: disputes.data,
    moves: moves.data,
    balance: { available: balance.available, pending: balance.pending },
    ledger: ledger.data,
  };
}
type Everything = Awaited<ReturnType<typeof everything>>;

const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);

/** What must be true of all that there is, whatever happened before. */
function agrees(all: Everything): void {
  for (const line of all.ledger) {
    const payment = all.payments.find((each) => each.id === line.payment_intent);
    const charges = all.charges.filter((each) => each.payment_intent === line.payment_intent);
    const charge = charges.find((each) => each.id === payment?.latest_charge);
    if (!payment) throw new Error("a payment of the ledger is not in the API");
    holds(line.status === payment.status, "the ledger has the payment's status");
    holds(line.captured <= line.authorized, "nothing is captured that was not authorized");
    holds(line.refunded >= 0 && line.refunded <= line.captured, "nothing is refunded that was not captured");
    holds(line.disputed >= 0 && line.disputed <= line.captured, "nothing is disputed that was not captured");
    holds(line.captured === payment.amount_received, "received is what was captured");
    holds(
      line.authorized - line.captured - line.voided === payment.amount_capturable,
      "capturable is what is still held",
    );
    holds(
      payment.amount_capturable === 0 || payment.status === "requires_capture",
      "only a hold is capturable",
    );
    const several = payment.payment_method_options?.card?.request_multicapture === "if_available";
    holds(line.captures <= 1 || several, "a payment is captured once");
    holds(charges.filter((each) => each.paid).length <= 1, "a payment is paid by one charge");
    holds(payment.status !== "succeeded" || (charge?.captured ?? false), "what succeeded is captured");
    if (charge?.paid) {
      const refunds = all.refunds.filter((each) => each.charge === charge.id && each.status !== "failed");
      holds(charge.amount === payment.amount, "the charge is for the payment's amount");
      holds(charge.amount_captured === payment.amount_received, "the charge captured what was received");
      holds(charge.amount_refunded === line.refunded + line.voided, "the charge's refunds are the ledger's");
      holds(sum(refunds.map((each) => each.amount)) === line.refunded, "refunds add up");
      holds(refunds.length === line.refunds, "refunds are counted");
      holds(
        charge.disputed === all.disputes.some((each) => each.charge === charge.id),
        "a disputed charge has a dispute",
      );
    }
  }
  holds(all.ledger.length === all.payments.length, "every payment has its line");
  const held = [...all.balance.available, ...all.balance.pending];
  holds(
    sum(held.map((each) => each.amount)) === sum(all.moves.map((each) => each.net)),
    "the balance is the sum of its movements",
  );
  const gross = sum(all.moves.map((each) => each.amount));
  const truth = sum(all.ledger.map((each) => each.captured - each.refunded - each.disputed));
  holds(gross === truth, "movements are what the ledger says");
  for (const each of all.moves) holds(each.net === each.amount - each.fee, "net is amount less fee");
}

const OPEN = ["requires_payment_method", "requires_confirmation", "requires_action"];

/** Whether Stripe's rules allow the call; null where that is up to the card or not a call of the API. */
function legal(
  { payments: ids }: Run,
  wanted: Step & Record<string, unknown>,
  all: Everything,
): boolean | null {
  const id = ids[Number(wanted["at"] ?? 0) % Math.max(1, ids.length)];
  const payment = all.payments.find((each) => each.id === id);
  const charge = all.charges.find((each) => each.id === payment?.latest_charge);
  if (!payment) return null;
  const options = payment.payment_method_options?.card;
  const amount = wanted["amount"] as number | null;
  const held = payment.status === "requires_capture";
  switch (wanted.do) {
    case "confirm":
      return OPEN.includes(payment.status) ? null : false;
    case "update":
      return OPEN.includes(payment.status) && (amount === 1_000 || amount === 2_000);
    case "capture":
      return (
        held &&
        (wanted["final"] === true || options?.request_multicapture !== undefined) &&
        (amount ?? payment.amount_capturable) <= payment.amount_capturable &&
        (amount !== 0 || payment.amount_received > 0)
      );
    case "increment":
      return held &&
        options?.request_incremental_authorization !== undefined &&
        Number(amount) > payment.amount
        ? null // the eleventh is refused
        : false;
    case "cancel":
      return (
        wanted["reason"] === "abandoned" &&
        (OPEN.includes(payment.status) || (held && payment.amount_received === 0))
      );
    case "refund": {
      const disputed = all.disputes.some((each) => each.charge === charge?.id && each.status !== "won");
      const left = charge ? charge.amount - charge.amount_refunded : 0;
      return (
        wanted["reason"] === "duplicate" &&
        (charge?.captured ?? false) &&
        !disputed &&
        left > 0 &&
        amount !== 0 &&
        (amount ?? left) <= left
      );
    }
    default:
      return null;
  }
}

const TYPES = ["invalid_request_error", "card_error"];
/** What comes of these a moment later by itself is waited for, so that nothing else moves between two looks. */
const LATER = ["create", "confirm", "refund", "evidence"];

/** A card that is refused is an answer of its own: the attempt stays. Everything else that is refused changes nothing. */
const attempted = (error: Stripe.errors.StripeError) =>
  error.statusCode === 402 || error.code === "payment_intent_authentication_failure";

test(
  "whatever is called, legal or not: money adds up, and what is refused changes nothing",
  { timeout: 120_000 },
  async () => {
    let count = 0;
    const property = fc.asyncProperty(
      create,
      fc.array(step, { minLength: 4, maxLength: 14 }),
      async (first, more) => {
        const steps = [first, ...more];
        const key = `sk_test_model${(count += 1)}`;
        const run: Run = { key, stripe: client(bench.provider.port, key), payments: [] };
        let before = await everything(run);
        for (const each of steps) {
          const allowed = legal(run, each, before);
          const refused = await perform(run, each);
          if (allowed !== null)
            holds(allowed === !refused, `${JSON.stringify(each)}: ${refused?.message ?? "was done"}`);
          if (!refused && LATER.includes(each.do)) await bench.mock("/clock", { advance_s: 3 });
          const now = await everything(run);
          if (refused) {
            holds((refused.statusCode ?? 500) < 500 && refused.message !== "", "an illegal call is a 4xx");
            holds(TYPES.includes(refused.rawType ?? ""), `a refusal has a type: ${refused.message}`);
            if (!attempted(refused) && each.do !== "create") expect(now).toEqual(before);
          }
          before = now;
        }
        agrees(await everything(run));
      },
    );
    await fc.assert(property, {
      ...runs(80),
      interruptAfterTimeLimit: 100_000,
      markInterruptAsFailure: false,
    });
  },
);
