import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import { signBody } from "../../src/payments/stripe/signature.ts";
import { json } from "./client.ts";
import { median, round } from "./figures.ts";
import type { Row, Settings } from "./row.ts";
import { requestBytes, sendAll, type WireResult } from "./wire.ts";

const SECRET = "whsec_dev";
/** As many for every contender: what a batch of ours is made of are requests that wait at the same time. */
const CONNECTIONS = 256;
const FIXTURE = resolve(import.meta.dirname, "../../fixtures/webhooks/paid/02-payment_intent.created.json");
const fixtureShape = z.object({ headers: z.record(z.string(), z.string()), body: z.looseObject({}) });

export interface Intake {
  full: WireResult;
  half: WireResult;
  /** Of both together. */
  sent: number;
}

let serial = 0;

/** Distinct signed events of distinct changes, each about one of the orders, in turn. */
export async function signedRequests(url: string, count: number, orders: string[]): Promise<Buffer[]> {
  const { headers, body } = fixtureShape.parse(JSON.parse(await readFile(FIXTURE, "utf8")));
  const template = JSON.stringify(body);
  const now = new Date();
  return Array.from({ length: count }, (_, i) => {
    const n = ++serial;
    const bytes = Buffer.from(
      template
        .replace(/evt_\w+/, `evt_3bench${process.pid}x${n}`)
        .replaceAll(
          /\bpi_[A-Za-z0-9]+/g,
          `pi_3bench${process.pid}x${orders.length > 0 ? i % orders.length : n}`,
        )
        .replace('"request":{"id":null', `"request":{"id":"req_3bench${process.pid}x${n}"`)
        .replaceAll("{{order_id}}", orders[i % orders.length] ?? `ord_unknown${n}`),
    );
    const signed = { ...headers, "stripe-signature": signBody(bytes, SECRET, now) };
    return requestBytes(`${url}/webhooks/stripe`, signed, bytes);
  });
}

const orderShape = z.looseObject({ id: z.string() });

/** Orders that wait to be paid, to receive events. */
export async function waitingOrders(url: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const order = { reference: `PO-waiting-${i}`, amount: 1250, currency: "usd" };
    const key = { "idempotency-key": `bench-waiting-${process.pid}-${i}` };
    ids.push(orderShape.parse(await json("POST", `${url}/v1/orders`, order, key)).id);
  }
  return ids;
}

/** As many as it takes, and then half of that at an even pace. Without orders the events are of nobody and are parked. */
export async function intakeRound(url: string, { quick }: Settings, orders: string[] = []): Promise<Intake> {
  const count = quick ? 1_000 : 4_000;
  const full = await sendAll(url, await signedRequests(url, count, orders), { connections: CONNECTIONS });
  const perSecond = full.per_s / 2;
  const few = Math.min(count, Math.ceil(perSecond * 4));
  const half = await sendAll(url, await signedRequests(url, few, orders), {
    connections: CONNECTIONS,
    perSecond,
  });
  const refused = full.refused + half.refused;
  if (refused > 0) throw new Error(`${refused} webhooks were not answered with 204 by ${url}`);
  return { full, half, sent: count + few };
}

export function intakeRows(id: string, what: string, rounds: Intake[]): Row[] {
  const of = (pick: (intake: Intake) => number) => median(rounds.map(pick));
  const perSecond = rounds.map(({ full }) => full.per_s);
  return [
    {
      id,
      what,
      unit: "/s",
      value: median(perSecond),
      values: perSecond,
      detail: {
        p50_ms: round(of(({ full }) => full.p50_ms)),
        p99_ms: round(of(({ full }) => full.p99_ms)),
        half_load_p50_ms: round(of(({ half }) => half.p50_ms)),
        half_load_p99_ms: round(of(({ half }) => half.p99_ms)),
        client_busy: round(of(({ full }) => full.client_busy)),
      },
    },
  ];
}
