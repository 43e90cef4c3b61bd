/**
 * The audit trail live, with a connection that is lost on the way, and its proof.
 *
 *   npx tsx examples/live-log.ts
 */
import type { AuditEntry } from "countersign/client";
import { pay } from "./people.ts";
import { countersign } from "./service.ts";

const order = await countersign.orders.create({
  reference: "LOG-1",
  amount: 1250,
  currency: "usd",
  customer: { email: "buyer@example.com", name: "Ada" },
});

let last: AuditEntry | undefined;
function show(entry: AuditEntry): void {
  console.log(
    `${String(entry.seq).padStart(3)} ${entry.at} ${entry.type} by ${entry.actor.type} ${entry.actor.id}`,
  );
  last = entry;
}

// Read the beginning, and leave, as a process does that is restarted.
for await (const entry of countersign.audit.follow(order.id, { view: "readable" })) {
  show(entry);
  if (entry.seq === 1) break;
}
console.log("… away for a moment …");
await pay(order);

// Go on behind the last entry: none is missed, and none comes twice. It ends when the trail is closed.
for await (const entry of countersign.audit.follow(order.id, { after_seq: last?.seq, view: "readable" }))
  show(entry);

// Each entry holds the hash of the one before: whoever alters one breaks all that follow.
const { valid, entries, head_hash } = await countersign.audit.verify(order.id);
console.log(valid && head_hash === last?.hash ? `valid: ${entries} entries` : "NOT valid");
