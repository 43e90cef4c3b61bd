/**
 * Progress of an order: look at it, wait for it, and be told of each change.
 *
 *   npx tsx examples/progress-tracking.ts
 */
import { pay } from "./people.ts";
import { countersign } from "./service.ts";

const order = await countersign.orders.create({
  reference: "PROGRESS-1",
  amount: 1250,
  currency: "usd",
  payment: { mode: "checkout" },
});
console.log(`${order.id} can be paid at ${order.payment.checkout_url}`);

// To look: answers at once, with null while the order has no result.
console.log("result so far:", await countersign.events.get(order.id, "result"));

// To wait: answers as soon as it is set, after a minute or after a week. Nothing is polled meanwhile.
const result = countersign.events.wait(order.id, "result");

// To be told: each change of any event, as it happens.
const watching = (async () => {
  for await (const { progress = 0, status } of countersign.events.watch(order.id))
    console.log(`[${"#".repeat(progress / 5).padEnd(20)}] ${progress} % ${status}`);
})();

await pay(order);
await watching;

const { status, amount_captured } = await result;
console.log(`ended ${status}: ${amount_captured} captured`);
