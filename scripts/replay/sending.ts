import { setTimeout as sleep } from "node:timers/promises";
import { signBody } from "../../src/payments/stripe/signature.ts";
import type { PlannedEvent } from "./planned.ts";
import type { Target } from "./target.ts";

/** `tampered` has one byte changed, `stale` was signed too long ago: both must be refused. */
export type Copy = "original" | "duplicate" | "tampered" | "stale";

export interface Outcome {
  event: PlannedEvent;
  sends: { copy: Copy; status: number }[];
}

interface Sending {
  /** Each lane is sent in its order; lanes run side by side. */
  lanes: PlannedEvent[][];
  target: Pick<Target, "deliver">;
  secret: string;
  chance: () => number;
  /** Events per second; null: as fast as answers come. */
  speed: number | null;
  duplicate: number;
  tamper: boolean;
  onProgress: (sent: number, of: number) => void;
}

const AT_ONCE = 16;
/** Beyond the 300 s that the service allows. */
const STALE_S = 3_600;

/** One event with all copies of it that are to be sent, and when: beside the original, or when all else is sent. */
interface Job {
  outcome: Outcome;
  beside: Copy[];
  after: Copy[];
}

/** Sends every event and its copies. */
export async function playAll(sending: Sending): Promise<Outcome[]> {
  const { lanes, chance, duplicate, tamper, onProgress } = sending;
  const jobs = lanes.map((lane) => lane.map((event) => jobOf(event, chance, duplicate, tamper)));
  const all = jobs.flat();
  const total = all.reduce((sum, { beside, after }) => sum + 1 + beside.length + after.length, 0);
  const pace = pacer(sending.speed);
  let sent = 0;
  onProgress(0, total);

  async function send(outcome: Outcome, copy: Copy): Promise<void> {
    await pace();
    const { body, headers } = bytesOf(outcome.event, copy, sending.secret);
    outcome.sends.push({ copy, status: await sending.target.deliver(body, headers) });
    onProgress(++sent, total);
  }
  await eachOf(jobs, AT_ONCE, async (lane) => {
    for (const { outcome, beside } of lane)
      await Promise.all([send(outcome, "original"), ...beside.map((copy) => send(outcome, copy))]);
  });
  await eachOf(all, AT_ONCE, async ({ outcome, after }) => {
    for (const copy of after) await send(outcome, copy);
  });
  return all.map(({ outcome }) => outcome);
}

function jobOf(event: PlannedEvent, chance: () => number, duplicate: number, tamper: boolean): Job {
  const again: Copy[] = chance() < duplicate ? ["duplicate"] : [];
  const beside = chance() < 0.5;
  const refused: Copy[] = tamper ? ["tampered", "stale"] : [];
  return {
    outcome: { event, sends: [] },
    beside: [...(beside ? again : []), ...refused],
    after: beside ? [] : again,
  };
}

/** What goes over the wire: signed now, unless this copy is to be refused for it. */
export function bytesOf(
  { body, headers }: Pick<PlannedEvent, "body" | "headers">,
  copy: Copy,
  secret: string,
): { body: Uint8Array; headers: Record<string, string> } {
  const signedAt = new Date(Date.now() - (copy === "stale" ? STALE_S * 1000 : 0));
  const signature = signBody(body, secret, signedAt);
  return {
    body: copy === "tampered" ? withOneByteChanged(body) : body,
    headers: { ...headers, "stripe-signature": signature },
  };
}

/** A digit from 2 to 9 becomes another one, where there is one: the body stays JSON, and only the signature tells. */
function withOneByteChanged(body: Buffer): Buffer {
  const changed = Buffer.from(body);
  const middle = changed.findIndex((byte, i) => i > body.length / 2 && byte >= 0x32 && byte <= 0x39);
  const at = middle >= 0 ? middle : Math.floor(body.length / 2);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

/** Lets one through every 1/speed seconds. */
function pacer(speed: number | null): () => Promise<void> {
  if (speed === null) return () => Promise.resolve();
  let next = performance.now();
  return async () => {
    const now = performance.now();
    next = Math.max(next, now - 1000);
    const wait = next - now;
    next += 1000 / speed;
    if (wait > 0) await sleep(wait);
  };
}

async function eachOf<T>(items: T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}
