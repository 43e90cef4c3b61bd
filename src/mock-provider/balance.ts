import { z } from "zod";
import type { Actor, Call } from "./call.ts";
import { noSuch } from "./errors.ts";
import { expandable } from "./expand.ts";
import { listed, matchesCreated } from "./lists.ts";
import type { Transaction } from "./objects.ts";
import { created, paging, parseParams, text } from "./params.ts";
import { randomId } from "./random-id.ts";

interface Movement {
  type: "charge" | "refund" | "refund_failure" | "adjustment";
  amount: number;
  fee: number;
  currency: string;
  source: string;
  description: string | null;
  category: string;
  availableAtOnce?: boolean;
}

/** Stripe's card fee in its test accounts: 2.9 % and 30. */
export const cardFee = (amount: number) => Math.round(amount * 0.029) + 30;

/** Moves money on the account's balance and records it, https://docs.stripe.com/api/balance_transactions. */
export function move(actor: Actor, movement: Movement): Transaction {
  const { account, world } = actor;
  const { amount, fee, currency } = movement;
  const net = amount - fee;
  const now = world.clock.now();
  const held = account.of.balances.get("balance") ?? { id: "balance" as const, available: {}, pending: {} };
  const pocket = movement.availableAtOnce || amount < 0 ? "available" : "pending";
  account.of.balances.put({
    ...held,
    [pocket]: { ...held[pocket], [currency]: (held[pocket][currency] ?? 0) + net },
  });
  return account.of.transactions.put({
    id: randomId("txn_3"),
    object: "balance_transaction",
    amount,
    available_on: movement.availableAtOnce ? now : now + 2 * 86_400,
    balance_type: "payments",
    created: now,
    currency,
    description: movement.description,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [
            {
              amount: fee,
              application: null,
              currency,
              description: "Stripe processing fees",
              type: "stripe_fee",
            },
          ],
    net,
    reporting_category: movement.category,
    source: movement.source,
    status: movement.availableAtOnce ? "available" : "pending",
    type: movement.type,
  });
}

export function retrieveBalance(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  const held = call.account.of.balances.get("balance");
  const pocket = (amounts: Record<string, number> | undefined) => {
    const entries = Object.entries(amounts ?? {});
    return (entries.length > 0 ? entries : [["usd", 0] as const]).map(([currency, value]) => ({
      amount: value,
      currency,
      source_types: { card: value },
    }));
  };
  return {
    object: "balance",
    available: pocket(held?.available),
    livemode: false,
    pending: pocket(held?.pending),
  };
}

const listShape = z.object({
  ...paging,
  ...expandable,
  created: created.optional(),
  currency: text().optional(),
  source: text().optional(),
  type: text().optional(),
});

export function listTransactions(call: Call): object {
  const params = parseParams(listShape, call.params);
  return listed(call, call.account.of.transactions, params, "/v1/balance_transactions", {
    matches: (each) =>
      matchesCreated(each, params.created) &&
      (params.currency === undefined || each.currency === params.currency) &&
      (params.source === undefined || each.source === params.source) &&
      (params.type === undefined || each.type === params.type),
  });
}

export function retrieveTransaction(call: Call): object {
  parseParams(z.object({ ...expandable }), call.params);
  const id = call.path("id");
  const found = call.account.of.transactions.get(id);
  if (!found) throw noSuch("balance transaction", id, "id");
  return found;
}
