import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import type { LedgerView } from "../../../src/domain/ledger.ts";
import type { OrderView } from "../../../src/domain/order-view.ts";
import type { TestService } from "../../helpers/service.ts";

/** One payment's money, in minor units; `disputed` is what is away for disputes now. */
export interface Money {
  authorized: number;
  captured: number;
  voided: number;
  refunded: number;
  disputed: number;
}

function moneyOf({ postings }: LedgerView): Money {
  const sum = (type: string) =>
    postings.reduce((total, posting) => total + (posting.type === type ? posting.amount : 0), 0);
  return {
    authorized: sum("authorized"),
    captured: sum("captured"),
    voided: sum("released"),
    refunded: sum("refunded"),
    disputed: sum("disputed") - sum("dispute_reinstated"),
  };
}

/**
 * The order's own books and the provider's say the same and `expected`, as soon as all is heard of; and what is on the
 * order's accounts adds up to nothing.
 */
export async function booksSay(
  service: TestService,
  id: string,
  expected: Partial<Money>,
): Promise<OrderView> {
  const all: Money = { authorized: 0, captured: 0, voided: 0, refunded: 0, disputed: 0, ...expected };
  const look = async () => {
    const order = await service.order(id);
    const line = await service.ledger(order.payment.id);
    const names = Object.keys(all) as (keyof Money)[];
    const theirs = Object.fromEntries(names.map((name) => [name, line?.[name] ?? 0]));
    return { order, ours: moneyOf(order.ledger), theirs, currency: line?.["currency"] };
  };
  const { order, currency } = await service
    .until(look, ({ ours, theirs }) => isDeepStrictEqual(ours, all) && isDeepStrictEqual(theirs, all), 10_000)
    .catch(async () => {
      const { ours, theirs } = await look();
      expect({ ours, theirs }).toEqual({ ours: all, theirs: all });
      return look();
    });
  expect(Object.values(order.ledger.accounts).reduce((sum, amount) => sum + amount, 0)).toBe(0);
  expect(order.ledger.currency).toBe(currency ?? order.currency);
  return order;
}
