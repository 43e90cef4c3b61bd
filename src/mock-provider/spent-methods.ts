import type { Actor } from "./call.ts";
import { badParam } from "./errors.ts";
import type { PaymentMethod } from "./objects.ts";

/** Remembers that a method was used, and with `setUp` that its owner agreed to its being used again. */
export function noteUse(actor: Actor, method: PaymentMethod, setUp: boolean): void {
  const note = actor.account.of.card_notes.get(method.id);
  if (note) actor.account.of.card_notes.put({ ...note, used: true, set_up: (note.set_up ?? false) || setUp });
}

/** A method that no customer keeps is good for one payment, https://docs.stripe.com/api/payment_methods/attach. */
export function refuseSpent(actor: Actor, method: PaymentMethod): void {
  if (method.customer !== null || !actor.account.of.card_notes.get(method.id)?.used) return;
  throw badParam(
    "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and may not be used again.",
    "payment_method",
  );
}
