/**
 * An approval in two steps: 12,000.00 USD needs one of finance, and then the CFO, by mailed links. The money is held meanwhile.
 *
 *   npx tsx examples/multi-step-approval.ts
 */
import { decideByMail, pay } from "./people.ts";
import { countersign } from "./service.ts";

// The reference finds the mail again, so it is another one in each run.
const reference = `APPROVAL-${Date.now()}`;
const order = await countersign.orders.create({
  reference,
  amount: 1_200_000,
  currency: "usd",
  description: "A machine for the workshop",
  requested_by: "sam@example.com",
});
await pay(order);

// An order's event `approval` is what people are asked now.
const asked = await countersign.events.wait(order.id, "approval");
console.log(`held: ${(await countersign.orders.get(order.id)).payment.amount_authorized}`);
console.log(`${asked.gate}: waiting for ${asked.waiting_for.join(" or ")}`);

await decideByMail("finance@example.com", reference, "approve", "Budgeted.");
const second = await countersign.approvals.get(asked.id);
console.log(`${second.gate}: waiting for ${second.waiting_for.join(" or ")}`);

await decideByMail("cfo@example.com", reference, "approve");
const result = await countersign.events.wait(order.id, "result");
const { votes } = await countersign.approvals.get(asked.id);
for (const { approver, decision, comment } of votes) console.log(`${approver}: ${decision} ${comment ?? ""}`);
console.log(`ended ${result.status}: ${result.amount_captured} captured`);

// The same without an order: anything can be asked. Here the key's user decides, since it has the role admin.
const supplier = await countersign.approvals.create({
  title: "New supplier: Example Ltd",
  gates: [{ name: "finance", approvers: ["controller@example.com"] }],
});
await countersign.approvals.decide(supplier.id, { decision: "reject", comment: "No tax number." });
console.log(`${supplier.subject.reference}: ${(await countersign.approvals.wait(supplier.id)).status}`);
