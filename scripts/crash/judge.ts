import { setTimeout as sleep } from "node:timers/promises";
import { isEnd } from "../../src/domain/order.ts";
import type { OrderView } from "../../src/domain/order-view.ts";
import { differences, ledgerByOrder } from "./ledgers.ts";
import type { Stage } from "./stage.ts";
import type { Story } from "./stories.ts";

/** An order as its people left it. */
export interface Played {
  story: Story;
  order: OrderView;
}

export interface Verdict {
  lost: string[];
  doubled: string[];
}

/**
 * How long things may take to come to rest after the last start: longer than the longest pause between two tries of an effect
 * (`domain/todo.ts`), which many kills in a row bring about.
 */
const REST_WITHIN_MS = 400_000;

/** What must be true of every order afterwards, however often anything was killed; in words, what is not. */
export async function judge(stage: Stage, played: readonly Played[]): Promise<Verdict> {
  const unfinished = await unrest(stage);
  const ledgers = await ledgerByOrder(stage.providerUrl, stage.providerKey);
  const lost = [...unfinished];
  const doubled = [...(await repeatedMails(stage))];
  for (const { story, order } of played) {
    const view = await read<OrderView>(stage, `/v1/orders/${order.id}`);
    const status = view.status;
    if (!isEnd(status) || !story.ends.includes(status))
      lost.push(`${order.id} (${story.name}) is ${status}, not ${story.ends.join(" or ")}`);
    const found = differences(view, ledgers.get(order.id) ?? []);
    lost.push(...found.differs);
    doubled.push(...found.doubled);
    const { valid, fault } = await read<{ valid: boolean; fault?: string }>(
      stage,
      `/v1/orders/${order.id}/audit/verify`,
    );
    if (!valid) lost.push(`${order.id}: its trail does not verify: ${fault ?? "no reason given"}`);
  }
  const known = new Set(played.map(({ order }) => order.id));
  for (const id of ledgers.keys())
    if (!known.has(id)) doubled.push(`a payment names ${id || "no order"}, of which nobody was told`);
  return { lost, doubled };
}

async function read<T>(stage: Stage, path: string): Promise<T> {
  const response = await fetch(stage.url + path, { headers: { authorization: "Bearer ck_dev" } });
  return (await response.json()) as T;
}

/** What has not come to rest. Once all has, a webhook that comes again may disturb it for a moment. */
async function unrest({ pool }: Stage): Promise<string[]> {
  for (const deadline = Date.now() + REST_WITHIN_MS; ; await sleep(200)) {
    const { rows } = await pool.query<{ what: string }>(
      `select 'unread: ' || message_uuid as what from dbos.notifications where consumed = false
       union all select format('%s is %s at %s, whose lease %s, since %s, after %s steps; it is %s', workflow_uuid, status,
                           w.executor_id,
                           case when e.id is null then 'is gone' else format('is until %s', e.lease_until) end,
                           to_timestamp(updated_at / 1000),
                           (select count(*) from dbos.operation_outputs o where o.workflow_uuid = w.workflow_uuid), now())
                    from dbos.workflow_status w left join countersign.executors e on e.id = w.executor_id
                   where status <> 'SUCCESS'
       union all select id || ' is still open' from countersign.orders where segment_open
       union all select id || ' is still open' from countersign.approvals where segment_open
       union all select 'parked: ' || event_id from countersign.inbound_webhooks w where state in ('parked', 'failed')
                    and exists (select from countersign.orders o where o.id = any(w.correlation))`,
    );
    if (rows.length === 0 || Date.now() > deadline) return rows.map(({ what }) => what);
  }
}

/** One mail to one person is one mail, however often it was sent: the same to the last byte. */
async function repeatedMails(stage: Stage): Promise<string[]> {
  const mails = await stage.mails();
  const first = new Map<string, string>();
  const asked = new Map<string, string>();
  return mails.flatMap(({ to, messageId, subject, source }) => {
    const who = to.join(", ");
    const key = `${who} ${messageId}`;
    const known = first.get(key);
    if (known !== undefined) return known === source ? [] : [`${messageId} to ${who} came in two versions`];
    first.set(key, source);
    if (!subject.startsWith("Approve ")) return [];
    const question = `${who} ${subject}`;
    const before = asked.get(question);
    asked.set(question, messageId);
    return before === undefined ? [] : [`${who} was asked twice: ${subject}`];
  });
}
