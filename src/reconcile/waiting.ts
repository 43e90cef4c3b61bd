import { claimDueLooks } from "../db/payment-looks.ts";
import type { Pool } from "../db/pool.ts";
import { isNews } from "../domain/order-decide.ts";
import type { OrderMessage, OrderState } from "../domain/order.ts";
import { messagesOf, RECONCILIATION } from "../domain/reconciliation.ts";
import { deliver } from "../engine/messages.ts";
import type { Log } from "../log.ts";
import { ProviderError, type PaymentProvider } from "../payments/provider.ts";
import { look } from "./statement.ts";

export interface LookDeps {
  pool: Pool;
  provider: PaymentProvider;
  log: Log;
}

/** A customer is given this long, in seconds, before the provider is asked whether the payment is made. */
const FIRST_LOOK_S = 60;
const AT_ONCE = 50;
/** Orders that nobody looked at yet are looked for among those of the last minutes; among all of them now and then. */
const RECENT_S = 15 * 60;
const ALL_EVERY_MS = 10 * 60_000;
let allAt = 0;
const SIDE_BY_SIDE = 5;

/**
 * Polls payments that wait for longer than expected: their webhook may be lost.
 * @returns how many orders were told something new
 */
export async function lookAtWaiting({ pool, provider, log }: LookDeps): Promise<number> {
  const all = performance.now() >= allAt;
  const within_s = all ? null : RECENT_S;
  const due = await claimDueLooks(pool, { after_s: FIRST_LOOK_S, limit: AT_ONCE, within_s });
  // Where there were as many as were asked for there are more.
  if (all && due.length < AT_ONCE) allAt = performance.now() + ALL_EVERY_MS;
  let told = 0;
  const next = async (): Promise<void> => {
    for (let claimed = due.shift(); claimed; claimed = due.shift()) {
      const { order_id, looks, state } = claimed;
      try {
        const { page, statement } = await look(provider, state);
        const key = `${RECONCILIATION}:look:${order_id}:${looks}`;
        const messages = [...page, ...(statement ? messagesOf(statement) : [])];
        if ((await tell({ pool, log }, order_id, state, messages, key)) > 0) told++;
      } catch (error) {
        // The next look is due anyway; what the provider refuses is not the order's fault.
        if (!(error instanceof ProviderError)) throw error;
        log.warn({ err: error, order_id }, "a waiting payment could not be looked at");
      }
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, next));
  if (told > 0) log.info({ told }, "payments whose webhook never came were found by looking");
  return told;
}

/** Sends an order what is new to it. @returns how many messages that were */
export async function tell(
  { pool, log }: { pool: Pool; log: Log },
  orderId: string,
  state: OrderState,
  messages: OrderMessage[],
  key: string,
): Promise<number> {
  const now = new Date();
  const news = messages.filter((message) => isNews(state, message, now));
  for (const [n, message] of news.entries())
    await deliver(pool, "order", { to: orderId, message, key: `${key}:${n}` }, log);
  return news.length;
}
