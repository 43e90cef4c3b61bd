import type Stripe from "stripe";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ledgerLine, openBench, pay, refusal, refOf, type Bench } from "./provider.ts";

let bench: Bench;
let stripe: Stripe;
beforeAll(async () => {
  bench = await openBench();
  stripe = bench.stripe;
});
afterAll(() => bench.stop());

test("refunds in parts add up and stop at what was paid", async () => {
  const payment = await pay(stripe);
  const one = await stripe.refunds.create({
    payment_intent: payment.id,
    amount: 500,
    reason: "requested_by_customer",
    metadata: { a: "1" },
  });
  expect(one).toMatchObject({
    object: "refund",
    status: "succeeded",
    amount: 500,
    payment_intent: payment.id,
    charge: payment.latest_charge,
    reason: "requested_by_customer",
  });
  const tooMuch = await refusal(stripe.refunds.create({ payment_intent: payment.id, amount: 1_501 }));
  expect(tooMuch).toMatchObject({
    statusCode: 400,
    param: "amount",
    message: "Refund amount ($15.01) is greater than unrefunded amount on charge ($15.00)",
  });
  const rest = await stripe.refunds.create({ charge: refOf(payment.latest_charge) });
  expect(rest.amount).toBe(1_500);
  expect(await refusal(stripe.refunds.create({ payment_intent: payment.id }))).toMatchObject({
    code: "charge_already_refunded",
  });
  const charge = await stripe.charges.retrieve(refOf(payment.latest_charge), { expand: ["refunds"] });
  expect(charge).toMatchObject({ refunded: true, amount_refunded: 2_000 });
  expect(charge.refunds?.data.map((each) => each.id)).toEqual([rest.id, one.id]);
  expect((await stripe.refunds.list({ payment_intent: payment.id })).data).toHaveLength(2);
  expect(await ledgerLine(bench, payment.id)).toMatchObject({ captured: 2_000, refunded: 2_000, refunds: 2 });
  await bench.sink.until(
    () => bench.sink.types(charge.id).filter((type) => type === "charge.refunded").length === 2,
  );
  expect(bench.sink.types(one.id)).toEqual(["refund.created"]);
});

test("what was not captured cannot be refunded", async () => {
  const payment = await pay(stripe, { capture_method: "manual" });
  expect(await refusal(stripe.refunds.create({ payment_intent: payment.id }))).toMatchObject({
    statusCode: 400,
  });
  expect(await refusal(stripe.refunds.create({}))).toMatchObject({ statusCode: 400 });
  expect(await refusal(stripe.refunds.create({ payment_intent: "pi_none" }))).toMatchObject({
    code: "resource_missing",
    param: "payment_intent",
  });
});

test("a pending refund succeeds later", async () => {
  const payment = await pay(stripe, { payment_method: "pm_card_pendingRefund" });
  const refund = await stripe.refunds.create({ payment_intent: payment.id });
  expect(refund.status).toBe("pending");
  await bench.mock("/clock", { advance_s: 5 });
  expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({ status: "succeeded" });
  await bench.sink.until(() => bench.sink.types(refund.id).includes("charge.refund.updated"));
  expect(bench.sink.types(refund.id)).toContain("refund.updated");
});

test("a refund that fails later gives the money back to the merchant", async () => {
  const payment = await pay(stripe, { payment_method: "pm_card_refundFail" });
  const refund = await stripe.refunds.create({ payment_intent: payment.id });
  expect(refund.status).toBe("succeeded");
  await bench.mock("/clock", { advance_s: 5 });
  expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({
    status: "failed",
    failure_reason: expect.any(String) as string,
  });
  expect(await stripe.charges.retrieve(refOf(payment.latest_charge))).toMatchObject({
    refunded: false,
    amount_refunded: 0,
  });
  expect(await ledgerLine(bench, payment.id)).toMatchObject({ refunded: 0, refunds: 0 });
  await bench.sink.until(() => bench.sink.types(refund.id).includes("refund.failed"));
});

test("metadata of a refund can change, its cancel is refused", async () => {
  const payment = await pay(stripe);
  const refund = await stripe.refunds.create({ payment_intent: payment.id });
  expect((await stripe.refunds.update(refund.id, { metadata: { b: "2" } })).metadata).toEqual({ b: "2" });
  expect(await refusal(stripe.refunds.cancel(refund.id))).toMatchObject({ statusCode: 400 });
});

const disputed = async () => {
  const payment = await pay(stripe, { payment_method: "pm_card_createDispute" });
  const [dispute] = (await stripe.disputes.list({ payment_intent: payment.id })).data;
  return { payment, dispute: dispute! };
};

test("a disputed payment loses its money at once and cannot be refunded", async () => {
  const { payment, dispute } = await disputed();
  expect(dispute).toMatchObject({
    status: "needs_response",
    reason: "fraudulent",
    amount: 2_000,
    charge: payment.latest_charge,
  });
  expect(await refusal(stripe.refunds.create({ payment_intent: payment.id }))).toMatchObject({
    code: "charge_disputed",
  });
  expect(await ledgerLine(bench, payment.id)).toMatchObject({ disputed: 2_000 });
  await bench.sink.until(() => bench.sink.types(dispute.id).length === 2);
  expect(bench.sink.types(dispute.id).sort()).toEqual([
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
  ]);
  expect(await stripe.charges.retrieve(refOf(payment.latest_charge))).toMatchObject({ disputed: true });
});

test("winning evidence brings the money back", async () => {
  const { payment, dispute } = await disputed();
  const answered = await stripe.disputes.update(dispute.id, {
    evidence: { uncategorized_text: "winning_evidence" },
    submit: true,
  });
  expect(answered).toMatchObject({
    status: "under_review",
    evidence: { uncategorized_text: "winning_evidence" },
    evidence_details: { has_evidence: true, submission_count: 1 },
  });
  await bench.mock("/clock", { advance_s: 5 });
  expect(await stripe.disputes.retrieve(dispute.id)).toMatchObject({ status: "won" });
  expect(await ledgerLine(bench, payment.id)).toMatchObject({ disputed: 0 });
  await bench.sink.until(() => bench.sink.types(dispute.id).includes("charge.dispute.funds_reinstated"));
});

test("a closed dispute is lost for good", async () => {
  const { payment, dispute } = await disputed();
  expect(await stripe.disputes.close(dispute.id)).toMatchObject({ status: "lost" });
  expect(await refusal(stripe.disputes.close(dispute.id))).toMatchObject({ statusCode: 400 });
  expect(await ledgerLine(bench, payment.id)).toMatchObject({ disputed: 2_000 });
});

test("zero and three decimal currencies keep their minor units", async () => {
  expect(await pay(stripe, { amount: 5_000, currency: "jpy" })).toMatchObject({
    amount_received: 5_000,
    currency: "jpy",
  });
  expect(await pay(stripe, { amount: 5_120, currency: "KWD" })).toMatchObject({
    amount_received: 5_120,
    currency: "kwd",
  });
  const balance = await stripe.balance.retrieve();
  expect(balance.pending.find((each) => each.currency === "jpy")?.amount).toBe(
    5_000 - Math.round(5_000 * 0.029) - 30,
  );
});

test("customers keep cards", async () => {
  const customer = await stripe.customers.create({
    email: "ada@example.com",
    name: "Ada",
    metadata: { a: "1" },
  });
  const method = await stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id });
  expect((await stripe.paymentMethods.list({ customer: customer.id })).data.map((each) => each.id)).toEqual([
    method.id,
  ]);
  expect(
    await pay(stripe, { customer: customer.id, payment_method: method.id, expand: ["customer"] }),
  ).toMatchObject({ customer: { email: "ada@example.com" } });
  expect(await stripe.customers.update(customer.id, { name: "Ada L." })).toMatchObject({ name: "Ada L." });
  expect(await stripe.customers.del(customer.id)).toMatchObject({ deleted: true });
});
