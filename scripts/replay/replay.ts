import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { seeded, shuffled } from "./chance.ts";
import { fillerFor, FillInError } from "./fill-in.ts";
import { ALL_SCENARIOS, readScenarios, UsageError, type Scenario } from "./fixtures.ts";
import { playDecisions } from "./decisions.ts";
import { isAsExpected, type PlannedEvent, type PlannedOrder } from "./planned.ts";
import { reportOf, type ReplayReport } from "./report.ts";
import { playAll, type Outcome } from "./sending.ts";
import { createTarget, type Target, type TargetOrder } from "./target.ts";

export interface ReplayOptions {
  /** Scenario files, or directories of scenarios or of webhooks; by default all that come with the package. */
  paths?: string[];
  url?: string;
  key?: string;
  secret?: string;
  /** Names the orders: another set is other orders, the same set the same ones again. */
  set?: string;
  /** Sends the webhooks of `paths` to this order instead of creating any. */
  order?: string;
  /** Events per second; by default as fast as answers come. */
  speed?: number;
  shuffle?: boolean;
  seed?: number;
  /** How many of the events are sent again, 0..1. */
  duplicate?: number;
  /** Also sends copies that must be refused: one byte changed, or signed too long ago. */
  tamper?: boolean;
  /** How long to wait at the end for orders to become what is expected. */
  waitMs?: number;
  onProgress?: (sent: number, of: number) => void;
}

export const DEFAULT_URL = "http://127.0.0.1:3000";
const WAIT_MS = 30_000;
/** Orders that have not changed for so long are taken to be done. */
const QUIET_MS = 600;
const LOOK_EVERY_MS = 150;

/**
 * Plays recorded webhooks at a running service: creates each scenario's order, signs each body freshly, sends them, and
 * reports what every event and order came to.
 * @throws UsageError for arguments that make no sense, TargetError when the service is away or refuses
 */
export async function replay(options: ReplayOptions = {}): Promise<ReplayReport> {
  check(options);
  const started = performance.now();
  const url = options.url ?? DEFAULT_URL;
  const paths = options.paths?.length ? options.paths : [ALL_SCENARIOS];
  const scenarios = await readScenarios(paths, { order: options.order !== undefined });
  const target = createTarget({ url, key: options.key ?? "ck_dev" });
  const orders = await Promise.all(scenarios.map((scenario) => orderFor(scenario, target, options)));
  const lanes = scenarios.map((scenario, i) => plan(scenario, orders[i]));
  const chance = seeded(options.seed ?? 1);
  const outcomes = await playAll({
    lanes: options.shuffle ? shuffled(lanes.flat(), chance).map((event) => [event]) : lanes,
    target,
    secret: options.secret ?? "whsec_dev",
    chance,
    speed: options.speed ?? null,
    duplicate: options.duplicate ?? 0,
    tamper: options.tamper ?? false,
    onProgress: options.onProgress ?? (() => {}),
  });
  await Promise.all(orders.map((planned) => playDecisions(planned, target, options.waitMs ?? WAIT_MS)));
  const settled = await settle(orders, outcomes, target, options.waitMs ?? WAIT_MS);
  return reportOf({ url, outcomes, ...settled, took_ms: Math.round(performance.now() - started) });
}

function check({ speed, duplicate, seed, order }: ReplayOptions): void {
  if (speed !== undefined && !(speed > 0))
    throw new UsageError("--speed: give events per second, more than 0");
  if (duplicate !== undefined && !(duplicate >= 0 && duplicate <= 1))
    throw new UsageError("--duplicate: give a rate from 0 to 1, such as 0.3");
  if (seed !== undefined && !Number.isInteger(seed)) throw new UsageError("--seed: give an integer");
  if (order !== undefined && !/^ord_[0-9a-z]{26}$/.test(order))
    throw new UsageError("--order: give an order's id, ord_…");
}

async function orderFor(scenario: Scenario, target: Target, options: ReplayOptions): Promise<PlannedOrder> {
  const { name, title, decisions, expected, create } = scenario;
  const found = create
    ? await target.create(create, `replay:${options.set ?? "default"}:${name}`)
    : await target.order(options.order ?? "");
  return { scenario: name, title, decisions, expected, order: await named(found, target) };
}

/** An order whose payment was not open when it was answered has its names a little later. */
async function named(order: TargetOrder, target: Target): Promise<TargetOrder> {
  let known = order;
  const deadline = Date.now() + WAIT_MS;
  while (known.payment.id === null && known.payment.session_id === null && Date.now() < deadline) {
    await sleep(LOOK_EVERY_MS);
    known = await target.order(order.id);
  }
  return known;
}

const eventShape = z.looseObject({ id: z.string(), type: z.string() });

function plan(scenario: Scenario, planned: PlannedOrder | undefined): PlannedEvent[] {
  if (!planned) return [];
  const { id, payment, created_at } = planned.order;
  const fill = fillerFor({ id, payment_id: payment.id, session_id: payment.session_id, created_at });
  return scenario.webhooks.map(({ file, headers, text }) => {
    const body = filled(fill, text, file);
    const event = eventShape.safeParse(parsed(body));
    return {
      scenario: scenario.name,
      file,
      event_id: event.data?.id ?? "",
      type: event.data?.type ?? "unknown",
      order_id: id,
      headers,
      body,
    };
  });
}

function filled(fill: (text: string) => Buffer, text: string, file: string): Buffer {
  try {
    return fill(text);
  } catch (error) {
    if (error instanceof FillInError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}

/** A body that is kept as text may be anything, even no JSON at all. */
function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}

/** An answer of 204 says that an event is stored; what it does comes after. Waits for that, as long as it may take. */
async function settle(orders: PlannedOrder[], outcomes: Outcome[], target: Target, waitMs: number) {
  const ids = new Set(outcomes.map(({ event }) => event.event_id));
  const deadline = Date.now() + waitMs;
  let seen = "";
  let since = Date.now();
  for (;;) {
    const now = await Promise.all(orders.map(async (p) => ({ ...p, order: await target.order(p.order.id) })));
    const look = JSON.stringify(now.map(({ order }) => order));
    if (look !== seen) since = Date.now();
    seen = look;
    const quiet = Date.now() - since >= QUIET_MS;
    if ((quiet && now.every(isAsExpected)) || Date.now() >= deadline) {
      const received = await target.inbox(ids);
      const parked = [...received.values()].some((webhook) => webhook.state === "parked");
      if (!parked || Date.now() >= deadline) return { orders: now, received };
    }
    await sleep(LOOK_EVERY_MS);
  }
}
