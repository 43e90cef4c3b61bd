import type { OrderView } from "../../src/domain/order-view.ts";

/** The provider's truth about one payment. */
export interface LedgerLine {
  payment_intent: string;
  authorized: number;
  captured: number;
  captures: number;
  voided: number;
  refunded: number;
  refunds: number;
  metadata: Record<string, string>;
}

/** Payments that hold or held money, by the order that they name. */
export async function ledgerByOrder(
  providerUrl: string,
  key = "sk_test_mock",
): Promise<Map<string, LedgerLine[]>> {
  const lines = new Map<string, LedgerLine[]>();
  for (let after = "", more = true; more;) {
    const response = await fetch(
      `${providerUrl}/_mock/ledger?limit=1000${after ? `&starting_after=${after}` : ""}`,
      { headers: { authorization: `Bearer ${key}` } },
    );
    const page = (await response.json()) as { has_more: boolean; data: LedgerLine[] };
    for (const line of page.data) {
      const id = line.metadata["order_id"] ?? "";
      if (line.authorized > 0) lines.set(id, [...(lines.get(id) ?? []), line]);
    }
    after = page.data.at(-1)?.payment_intent ?? "";
    more = page.has_more;
  }
  return lines;
}

const NOTHING = { authorized: 0, captured: 0, captures: 0, voided: 0, refunded: 0, refunds: 0 };

/** In what an ended order's ledger and the provider's differ, and what was done twice; in words, none when all is well. */
export function differences(
  order: OrderView,
  lines: readonly LedgerLine[],
): { doubled: string[]; differs: string[] } {
  const line = lines[0] ?? NOTHING;
  const { accounts, postings } = order.ledger;
  const posted = (type: string) => postings.find((posting) => posting.type === type)?.amount ?? 0;
  const compared: [what: string, ours: number, theirs: number][] = [
    ["authorized", posted("authorized"), line.authorized],
    ["captured", posted("captured"), line.captured],
    ["voided", posted("released"), line.voided],
    ["refunded", posted("refunded"), line.refunded],
    ["still held", accounts.authorization, 0],
    ["the sum of all accounts", Object.values(accounts).reduce((sum, amount) => sum + amount, 0), 0],
  ];
  const refunds = order.refunds.filter(({ status }) => status === "succeeded").length;
  return {
    doubled: [
      ...(lines.length > 1 ? [`${order.id} was charged ${lines.length} times`] : []),
      ...(line.captures > 1 ? [`${order.id} was captured ${line.captures} times`] : []),
      ...(line.refunds > refunds ? [`${order.id} was refunded ${line.refunds} times, not ${refunds}`] : []),
    ],
    differs: compared
      .filter(([, ours, theirs]) => ours !== theirs)
      .map(([what, ours, theirs]) => `${order.id} (${order.status}): ${what} ${ours}, but ${theirs} there`),
  };
}
