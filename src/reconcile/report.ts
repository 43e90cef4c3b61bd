import { setTimeout as sleep } from "node:timers/promises";
import { getOrderById } from "../db/orders.ts";
import {
  endReconciliation,
  findChangedSince,
  findOpenToReconcile,
  getOrderStates,
  touchReconciliation,
  type ReportedDifference,
} from "../db/reconciliations.ts";
import type { OrderState } from "../domain/order.ts";
import type { PaymentStatement } from "../domain/payment.ts";
import { type Difference, differencesOf, messagesOf, RECONCILIATION } from "../domain/reconciliation.ts";
import { isTaken } from "../engine/messages.ts";
import { ProviderError } from "../payments/provider.ts";
import { takeInAll, type GapDeps } from "./gaps.ts";
import { look } from "./statement.ts";
import { tell, type LookDeps } from "./waiting.ts";

const PAGE = 100;
const SIDE_BY_SIDE = 4;
/** How long an order may take to agree, once it was told. */
const REPAIR_MS = 5_000;
const TRIES = 4;

export interface Report {
  id: string;
  tenant: string;
  since: Date;
  /** First take in every event of the provider since then that is not here, as after a restore from a backup. */
  allEvents: boolean;
}

/**
 * Compares a tenant's open and recent orders with the provider, one by one; tells each that differs what the provider
 * says, and lists what differed. Its progress is kept in the report's row. Ends early when `stopping`.
 */
export async function runReport(
  deps: GapDeps,
  { id, tenant, since, allEvents }: Report,
  stopping: AbortSignal,
): Promise<ReportedDifference[]> {
  const differences: ReportedDifference[] = [];
  let checked = 0;
  try {
    if (allEvents) await takeInAll(deps, since);
    for await (const page of toCompare(deps, tenant, since)) {
      const orders = [...page];
      const next = async (): Promise<void> => {
        for (let order = orders.shift(); order && !stopping.aborted; order = orders.shift()) {
          differences.push(...(await compare(deps, id, order.state)));
          checked++;
        }
      };
      await Promise.all(Array.from({ length: SIDE_BY_SIDE }, next));
      if (stopping.aborted) throw new Error("the process stopped; start the report again");
      await touchReconciliation(deps.pool, id, { checked, differences });
    }
    await endReconciliation(deps.pool, id, null);
  } catch (error) {
    deps.log.error({ err: error, reconciliation: id }, "a reconciliation report could not be finished");
    const problem = error instanceof Error ? error.message : String(error);
    // Where the database is what failed, the row says `running` and when it was last heard of.
    await endReconciliation(deps.pool, id, problem).catch((lost: unknown) =>
      deps.log.error(
        { err: lost, reconciliation: id },
        "how a reconciliation report ended could not be stored",
      ),
    );
  }
  return differences;
}

/** What is open, and then what came to rest since, also while the report ran. No order that ended before is read. */
async function* toCompare({ pool }: Pick<LookDeps, "pool">, tenant: string, since: Date) {
  const open = new Set<string>();
  for (let after = "", more = true; more;) {
    const page = await findOpenToReconcile(pool, tenant, after, PAGE);
    more = page.length === PAGE;
    after = page.at(-1)?.id ?? after;
    for (const { id } of page) open.add(id);
    yield page;
  }
  const rest = (await findChangedSince(pool, tenant, since)).filter((id) => !open.has(id));
  for (let from = 0; from < rest.length; from += PAGE)
    yield await getOrderStates(pool, rest.slice(from, from + PAGE));
}

async function compare(deps: LookDeps, report: string, state: OrderState): Promise<ReportedDifference[]> {
  const { id: order_id, reference, currency } = state.facts;
  const named = (found: Difference[], left: Difference[]) =>
    found.map((difference) => ({
      order_id,
      reference,
      currency,
      ...difference,
      repaired: !left.some((each) => each.field === difference.field),
    }));
  const looked = await insistently(() => look(deps.provider, state));
  if (looked === "unknown") {
    const missing = {
      field: "payment" as const,
      ours: state.payment.id ?? state.payment.session_id,
      provider: null,
    };
    return named([missing], [missing]);
  }
  const { statement, page } = looked;
  if (!statement) return [];
  const found = differencesOf(state, statement);
  const key = `${RECONCILIATION}:${report}:${order_id}`;
  // Also when the amounts agree: a refund that was under way may have ended, and nobody said so.
  const told = await tell(deps, order_id, state, [...page, ...messagesOf(statement)], key);
  if (found.length === 0) return [];
  return named(
    found,
    await leftAfter(
      deps,
      order_id,
      statement,
      Array.from({ length: told }, (_, n) => `${key}:${n}`),
    ),
  );
}

/** What still differs after the order has taken what it was told. */
async function leftAfter(
  { pool }: LookDeps,
  orderId: string,
  statement: PaymentStatement,
  keys: string[],
): Promise<Difference[]> {
  const until = Date.now() + REPAIR_MS;
  for (;;) {
    const taken = (await Promise.all(keys.map((key) => isTaken(pool, orderId, key)))).every(Boolean);
    const left = differencesOf(await getOrderById(pool, orderId), statement);
    if (left.length === 0 || taken || Date.now() > until) return left;
    await sleep(100);
  }
}

/** @returns `unknown` when the provider has no such payment */
async function insistently<T>(ask: () => Promise<T>): Promise<T | "unknown"> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      if (error.code === "resource_missing") return "unknown";
      if (!error.retry || tries >= TRIES) throw error;
      await sleep(500 * 2 ** tries);
    }
  }
}
