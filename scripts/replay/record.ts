/**
 * Records `fixtures/webhooks` anew: plays each scenario at the bundled mock provider through the official SDK, takes the
 * webhooks that it delivers, and writes them with ids and times that do not change from one recording to the next.
 *
 *   npx tsx scripts/replay/record.ts [SCENARIO…]
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Stripe from "stripe";
import { z } from "zod";
import { createLog } from "../../src/log.ts";
import { startMockProvider } from "../../src/mock-provider/server.ts";
import { derivedText, newIds } from "./ids.ts";
import { EXACT, ORDER_ID, PLAYS, type RecordedOrder, type Stage } from "./recording.ts";
import { RECORDED_AT, shiftTimes } from "./times.ts";

const FIXTURES = resolve(import.meta.dirname, "../../fixtures");
const API_VERSION = "2026-10-28.endive";
/** Times are kept to ten seconds, so that how long a recording took does not show. */
const GRAIN_S = 10;

interface Delivery {
  headers: Record<string, string>;
  body: string;
}

/** What is worth keeping of a delivery's headers; the signature is made anew at each replay. */
const KEPT = ["content-type", "user-agent", "accept", "cache-control"];

async function main(names: string[]): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "countersign-record-"));
  const deliveries = new Map<string, Delivery>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const headers = Object.fromEntries(KEPT.map((name) => [name, String(request.headers[name] ?? "")]));
      deliveries.set(eventShape.parse(JSON.parse(body)).id, { headers, body });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const provider = await startMockProvider({ port: 0, host: "127.0.0.1", dataDir, log: createLog("warn") });
  try {
    for (const name of names) {
      const count = await record(name, provider.url, (server.address() as AddressInfo).port, deliveries);
      console.log(`${name}: ${count} webhooks`);
    }
  } finally {
    await provider.stop();
    server.closeAllConnections();
    server.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const eventShape = z.looseObject({ id: z.string(), type: z.string(), created: z.int() });

/** Each scenario is an account of its own at the provider. */
async function record(name: string, providerUrl: string, port: number, deliveries: Map<string, Delivery>) {
  const play = PLAYS[name];
  if (!play) throw new Error(`there is no scenario ${name}`);
  const url = new URL(providerUrl);
  const stripe = new Stripe(`sk_test_${name.replaceAll("-", "")}`, {
    host: url.hostname,
    port: url.port,
    protocol: "http",
    telemetry: false,
  });
  await stripe.webhookEndpoints.create({
    url: `http://127.0.0.1:${port}/`,
    enabled_events: ["*"],
    api_version: API_VERSION,
  });
  const control = async (path: string, body: object = {}) => {
    const response = await fetch(`${providerUrl}/_mock/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`/_mock/${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const order = JSON.parse(await readFile(join(FIXTURES, "orders", `${name}.json`), "utf8")) as RecordedOrder;
  const stage: Stage = {
    stripe,
    order,
    metadata: { order_id: ORDER_ID, reference: order.reference },
    control,
    pass: async (advance_s) => void (await control("clock", { advance_s })),
  };
  const { unix: start } = z.object({ unix: z.int() }).parse(await control("clock", { advance_s: 0 }));
  await play(stage);
  const events = (await stripe.events.list({ limit: 100 })).data.reverse();
  while (!events.every(({ id }) => deliveries.has(id))) await sleep(20);

  const directory = join(FIXTURES, "webhooks", name);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const normalise = normaliser(name, providerUrl, start);
  for (const [i, { id, type }] of events.entries()) {
    const delivery = deliveries.get(id);
    if (!delivery) continue;
    const text = normalise(delivery.body);
    const body: unknown = JSON.parse(text);
    const fixture = { headers: delivery.headers, body: EXACT.has(name) ? unusual(body) : body };
    const file = `${String(i + 1).padStart(2, "0")}-${type}.json`;
    await writeFile(join(directory, file), `${JSON.stringify(fixture, null, 2)}\n`);
  }
  return events.length;
}

/** The same event in bytes that `JSON.stringify` would not give back: indented, with escapes and a line feed. */
const unusual = (body: unknown): string =>
  `${JSON.stringify(body, null, 3).replaceAll("/", "\\/").replaceAll("ü", "\\u00fc")}\n`;

/**
 * Ids by their order of appearance, times from a fixed moment on, addresses of the real provider. The session, and a
 * payment that the order made itself, become placeholders: at a replay the order has ids of its own for them.
 */
function normaliser(name: string, providerUrl: string, start: number): (text: string) => string {
  const rename = newIds((_, serial) => `recorded:${name}:${serial}`);
  const chance = new Map<string, string>();
  /** What a value by chance is replaced with: of the same length, and the same wherever it occurs again. */
  const fixed = (value: string, alphabet?: string): string => {
    const known = chance.get(value) ?? derivedText(`${name}:chance:${chance.size}`, value.length, alphabet);
    chance.set(value, known);
    return known;
  };
  const own = ["three-d-secure", "cancelled-at-provider"].includes(name) ? /\bpi_[A-Za-z0-9]{8,}/g : null;
  return (text) => {
    let result = shiftTimes(text, start, (offset) => RECORDED_AT + Math.floor(offset / GRAIN_S) * GRAIN_S);
    result = result.replaceAll(providerUrl, "https://checkout.stripe.com");
    result = result.replaceAll(/\bcs_test_[A-Za-z0-9]{8,}/g, "{{session_id}}");
    if (own) result = result.replaceAll(own, "{{payment_id}}");
    result = result.replaceAll(/(?<=_secret_|"transaction_id":")[A-Za-z0-9]+/g, (value) => fixed(value));
    result = result.replaceAll(/(?<="idempotency_key":"stripe-node-retry-)[^"]+/g, (value) => fixed(value));
    result = result.replaceAll(/(?<="authorization_code":")[^"]+/g, (value) =>
      fixed(value, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"),
    );
    result = result.replaceAll(/(?<="network_transaction_id":")[^"]+/g, (value) =>
      fixed(value, "0123456789"),
    );
    return rename(result);
  };
}

const named = process.argv.slice(2);
const all = (await readdir(join(FIXTURES, "scenarios"))).map((file) => file.replace(/\.json$/, ""));
await main(named.length > 0 ? named : all.sort());
