import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../config.ts";
import { formatMoney } from "../domain/money.ts";
import type { OrderView } from "../domain/order-view.ts";
import type { Log } from "../log.ts";
import { startService, type Service } from "../service.ts";
import { request, type Target } from "./client.ts";
import { paint, type ExitCode, type Output } from "./output.ts";
import { endOnSignal } from "./running.ts";
import { followTrail } from "./trail.ts";

interface DemoMail {
  message_id: string;
  subject: string;
  links: string[];
}

const WITHIN_MS = 30_000;

/** The demo's order: over the policy's first threshold, so that somebody has to approve it. */
const ORDER = {
  reference: "PO-1001",
  amount: 125_000,
  currency: "usd",
  description: "4 laptops",
  customer: { email: "buyer@example.com", name: "Example Buyer" },
  requested_by: "sam@example.com",
  items: [{ sku: "lap-14", quantity: 4, unit_amount: 31_250 }],
  payment: { mode: "checkout" },
};

/**
 * Starts everything and drives one real order through payment, mailed approval and capture, as its customer and its
 * approver would, while its trail is printed live. Stays up unless `exit`.
 * @returns 1 when the order did not complete.
 */
export async function demo(
  config: Config,
  log: Log,
  output: Output,
  { exit }: { exit: boolean },
): Promise<ExitCode> {
  const service = await boot(config, log, output);
  endOnSignal(service, log, 0);
  const completed = await drive(service, config, output).catch((error: unknown) => {
    output.write(
      `\n${paint(output).red("The demo order did not complete:")} ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return false;
  });
  if (completed) whatNext(service, output);
  if (!exit && completed) await new Promise<never>(() => {});
  await service.stop();
  return completed ? 0 : 1;
}

async function boot(config: Config, log: Log, output: Output): Promise<Service> {
  const c = paint(output);
  output.write(`${c.bold("Countersign")} starts: `);
  const start = performance.now();
  const service = await startService({
    config,
    log,
    onProgress: (part) => output.write(`${c.dim(`${part} … `)}`),
  });
  output.write(`${c.green("ready")} after ${((performance.now() - start) / 1000).toFixed(1)} s\n\n`);
  return service;
}

async function drive(service: Service, config: Config, output: Output): Promise<boolean> {
  const c = paint(output);
  const say = (who: string, what: string) => output.write(`${c.cyan(`▸ ${who}`)} ${what}\n`);
  const target: Target = { url: service.url, key: keyOf(config) };

  say("merchant", `orders ${formatMoney(ORDER)} for ${ORDER.reference}: POST /v1/orders`);
  const order = await request<OrderView>(target, "POST", "/v1/orders", ORDER, {
    "idempotency-key": `demo-${randomUUID()}`,
  });
  const trail = followTrail({
    ...target,
    orderId: order.id,
    follow: true,
    json: false,
    color: output.color,
    write: (text) => output.write(text),
  });

  await until(
    "the payment page opens",
    () => get(target, order.id),
    (o) => o.payment.checkout_url !== null,
  );
  say("customer", `pays with a test card on ${order.payment.checkout_url ?? ""}`);
  await payAsCustomer(service, order);

  const mail = await until(
    "the approver is mailed",
    () => mailFor(service, target, order),
    (m) => m !== undefined,
  );
  say("finance", `gets the mail “${mail?.subject ?? ""}” and approves on its page`);
  await approve(mail?.links[0] ?? "");

  const done = await until(
    "the order completes",
    () => get(target, order.id),
    (o) => o.result !== null,
  );
  await Promise.race([trail, sleep(3_000)]);
  const verdict = await request<{ valid: boolean; entries: number }>(
    target,
    "GET",
    `/v1/orders/${order.id}/audit/verify`,
  );
  const captured = formatMoney({ amount: done.payment.amount_captured, currency: done.currency });
  const ok = done.status === "completed" && verdict.valid;
  output.write(
    `\n${ok ? c.green("✓") : c.red("✗")} ${order.id} is ${done.status}: ${captured} captured once; ` +
      `its ${verdict.entries} audit entries ${verdict.valid ? "verify" : "do NOT verify"}.\n`,
  );
  return ok;
}

const get = (target: Target, id: string) => request<OrderView>(target, "GET", `/v1/orders/${id}`);

/** The development key, or the first that may create orders. */
function keyOf({ apiKeys }: Config): string {
  const admin = apiKeys.find((entry) => entry.role === "admin");
  if (!admin) throw new Error("API_KEYS: the demo needs a key of role admin");
  return admin.key;
}

async function payAsCustomer(service: Service, order: OrderView): Promise<void> {
  const response = await fetch(`${service.providerUrl}/_mock/checkout/${order.payment.session_id}/pay`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ payment_method: "pm_card_visa" }),
  });
  if (!response.ok) throw new Error(`the provider does not take the payment: ${await response.text()}`);
}

/** The approver's mail of this very order; earlier demos may have left theirs. */
async function mailFor(service: Service, target: Target, order: OrderView): Promise<DemoMail | undefined> {
  const { approval } = await get(target, order.id);
  if (approval === null) return undefined;
  const response = await fetch(`${service.url}/dev/mailbox.json?to=finance@example.com`);
  const mails = (await response.json()) as DemoMail[];
  return mails.find((mail) => mail.message_id.includes(approval.id) && mail.links.length > 0);
}

async function approve(link: string): Promise<void> {
  const form = new URLSearchParams({ decision: "approve", comment: "Within budget." });
  const response = await fetch(link, { method: "POST", body: form });
  if (!response.ok) throw new Error(`the approver's page answers ${response.status}`);
}

async function until<T>(what: string, look: () => Promise<T>, found: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    const value = await look();
    if (found(value)) return value;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${WITHIN_MS / 1000} s`);
    await sleep(50);
  }
}

function whatNext(service: Service, output: Output): void {
  const c = paint(output);
  output.write(`\n${c.bold("Try next")}\n`);
  for (const { label, href, what } of service.links)
    output.write(`  ${label.padEnd(9)} ${c.underline(href)}  ${c.dim(what)}\n`);
  output.write(`\n  curl -H 'Authorization: Bearer ck_dev' ${service.url}/v1/orders\n`);
}
