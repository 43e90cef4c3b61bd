/**
 * A purchase from the order to the refund, with everything at once: its progress, its log, its approval, a note, and what it all adds
 * up to at the end.
 *
 *   npx tsx examples/all-together.ts
 */
import { CountersignError } from "countersign/client";
import { decideByMail, pay } from "./people.ts";
import { countersign } from "./service.ts";

const reference = `PURCHASE-${Date.now()}`;
const wanted = {
  reference,
  amount: 125_000,
  currency: "usd",
  requested_by: "sam@example.com",
  items: [{ sku: "lap-14", quantity: 4, unit_amount: 31_250 }],
};

// The reference as key: however often this is sent, also by another process, it is one order.
const order = await countersign.orders.create(wanted, { idempotencyKey: reference });
const again = await countersign.orders.create(wanted, { idempotencyKey: reference });
console.log(`one order: ${order.id === again.id}`);

const log = (async () => {
  for await (const entry of countersign.audit.follow(order.id)) console.log(`  ${entry.seq} ${entry.type}`);
})();
const progress = (async () => {
  for await (const now of countersign.events.watch(order.id)) console.log(`${now.progress} % ${now.status}`);
})();

await pay(order);
await countersign.events.wait(order.id, "approval");
await countersign.orders.send(order.id, "note", "Needed by the end of the month.");
await decideByMail("controller@example.com", reference, "approve");
await countersign.events.wait(order.id, "result");
await Promise.all([log, progress]);

const refund = await countersign.orders.refund(order.id, {
  amount: 31_250,
  reason: "One has a broken screen.",
});
console.log(`refund of ${refund.amount}: ${refund.status}`);

// What cannot be is told with a code, and what to do.
try {
  await countersign.orders.refund(order.id, { amount: 125_000, reason: "Everything." });
} catch (error) {
  if (!(error instanceof CountersignError)) throw error;
  console.log(`${error.code}: ${error.errors.map(({ path, message }) => `${path} ${message}`).join()}`);
}

const { payment, ledger } = await countersign.orders.get(order.id);
console.log(`captured ${payment.amount_captured}, on the balance ${ledger.accounts.balance}`);
console.log(`trail valid: ${(await countersign.audit.verify(order.id)).valid}`);
