import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { OrderView } from "../domain/order-view.ts";
import { AppError } from "../errors.ts";
import { request, type Target } from "./client.ts";
import {
  orderFixture,
  remapper,
  webhookFixture,
  type FixtureOptions,
  type RawWebhook,
} from "./inbox-fixture.ts";

interface ExportOptions {
  filter: Record<string, string>;
  out: string;
  keepPersonal: boolean;
  remap: boolean;
  onProgress: (done: number, of: number) => void;
}

export interface ExportReport {
  out: string;
  orders: {
    order_id: string;
    scenario: string;
    webhooks: number;
    expected: string | null;
    note: string | null;
  }[];
  /** Webhooks of no order, for `replay --order`. */
  loose: number;
  skipped: { event_id: string; reason: string }[];
}

interface Listed {
  id: string;
  order_id: string | null;
}

/**
 * Turns received webhooks into a directory of fixtures that `replay DIR` plays. Of each order that the filter touches all
 * webhooks are taken, with the request that created it, so that it comes to the same end on another database.
 */
export async function exportInbox(target: Target, options: ExportOptions): Promise<ExportReport> {
  const { filter, out, keepPersonal, onProgress } = options;
  const fixture = { keepPersonal, remap: options.remap ? remapper(randomBytes(16).toString("hex")) : null };
  const found = await listAll(target, filter);
  if (found.length === 0) throw new AppError("not_found", "No received webhook matches; look with inbox ls.");
  const orderIds = [...new Set(found.map((row) => row.order_id).filter((id) => id !== null))].sort();
  const ofNone = found.filter((row) => row.order_id === null);
  const report: ExportReport = { out, orders: [], loose: 0, skipped: [] };
  for (const [n, order_id] of orderIds.entries()) {
    onProgress(n, orderIds.length + 1);
    const order = await request<OrderView>(target, "GET", `/v1/orders/${order_id}`);
    const name = fixture.remap ? `order-${String(n + 1).padStart(3, "0")}` : order_id;
    const webhooks = await readAll(target, await listAll(target, { order_id }));
    report.orders.push(await writeScenario({ out, name, order, webhooks, fixture, report }));
  }
  const loose = await readAll(target, ofNone);
  report.loose = await writeWebhooks(join(out, "webhooks", "of-no-order"), loose, null, fixture, report);
  onProgress(orderIds.length + 1, orderIds.length + 1);
  return report;
}

async function listAll(target: Target, filter: Record<string, string>): Promise<Listed[]> {
  const rows: Listed[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const query = new URLSearchParams({ ...filter, limit: "100", ...(cursor ? { cursor } : {}) });
    const page: { data: Listed[]; next_cursor: string | null } = await request(
      target,
      "GET",
      `/v1/webhooks/inbox?${query.toString()}`,
    );
    rows.push(...page.data);
    cursor = page.next_cursor;
  }
  // In the order in which they came.
  return rows.reverse();
}

async function readAll(target: Target, rows: Listed[]): Promise<RawWebhook[]> {
  const webhooks: RawWebhook[] = [];
  for (const { id } of rows)
    webhooks.push(await request<RawWebhook>(target, "GET", `/v1/webhooks/inbox/${id}?raw=true`));
  return webhooks;
}

interface Story {
  out: string;
  name: string;
  order: OrderView;
  webhooks: RawWebhook[];
  fixture: FixtureOptions;
  report: ExportReport;
}

async function writeScenario({ out, name, order, webhooks, fixture, report }: Story) {
  const written = await writeWebhooks(join(out, "webhooks", name), webhooks, order, fixture, report);
  const manual = order.approval === null && webhooks.some(isHeld);
  const { decisions, note } = decidedBy(order);
  const { amount_captured, amount_refunded } = order.payment;
  const expected = note === null ? { status: order.status, amount_captured, amount_refunded } : undefined;
  const told = fixture.remap ? name : `${order.reference}, ${order.id}`;
  await write(join(out, "orders", `${name}.json`), orderFixture(order, { manual, ...fixture }));
  await write(join(out, "scenarios", `${name}.json`), {
    title: `${fixture.keepPersonal ? told : name}: ${order.status}`,
    order: `../orders/${name}.json`,
    webhooks: `../webhooks/${name}`,
    ...(decisions.length > 0 ? { decisions } : {}),
    ...(expected ? { expected } : {}),
  });
  return { order_id: order.id, scenario: name, webhooks: written, expected: expected?.status ?? null, note };
}

/** What people did: an approval is given once more, and what else no webhook tells is said. */
function decidedBy(order: OrderView): { decisions: "approve"[]; note: string | null } {
  const note = untold(order);
  const votes = order.approval?.status === "approved" ? order.approval.votes : [];
  const approved = votes.filter(({ decision }) => decision === "approve");
  return { decisions: note === null ? approved.map(() => "approve" as const) : [], note };
}

/** Why an order does not come to the same end by webhooks alone; null: it does. */
function untold({ status, payment, fulfilment }: OrderView): string | null {
  const hosted = payment.mode === "checkout";
  if (status === "rejected") return "people rejected it, which no webhook tells";
  if (status === "cancelled" && hosted) return "it was cancelled here, which no webhook tells";
  if (status === "expired" && !hosted) return "its time was up here, which no webhook tells";
  if (status === "completed" && fulfilment.mode === "manual")
    return "it was fulfilled item by item, which no webhook tells";
  return null;
}

const isHeld = ({ body_base64 }: RawWebhook): boolean =>
  /"capture_method":\s*"manual"/.test(Buffer.from(body_base64, "base64").toString("utf8"));

async function writeWebhooks(
  directory: string,
  webhooks: RawWebhook[],
  order: OrderView | null,
  fixture: FixtureOptions,
  report: ExportReport,
): Promise<number> {
  let written = 0;
  for (const webhook of webhooks) {
    const made = webhook.provider === "stripe" ? webhookFixture(webhook, order, fixture) : null;
    if (!made) {
      report.skipped.push({ event_id: webhook.event_id, reason: skippedBecause(webhook) });
      continue;
    }
    const file = `${String(++written).padStart(2, "0")}-${webhook.type}.json`;
    await write(join(directory, file), made);
  }
  return written;
}

const skippedBecause = ({ provider }: RawWebhook): string =>
  provider === "stripe"
    ? "its body is not JSON, so that nobody can say what in it is personal (--keep-personal) or not UTF-8"
    : `replay signs as stripe does, not as ${provider}`;

async function write(file: string, content: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`);
}
