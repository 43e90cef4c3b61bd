import { Agent, request, type ClientRequest } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OrderView } from "../../src/domain/order-view.ts";
import { figures, ledger, openStage, unrest, type Member, type Stage } from "./stage.ts";

let stage: Stage;
let members: Member[];

beforeAll(async () => {
  stage = await openStage();
  members = [await stage.member(), await stage.member()];
  await Promise.all(members.map((member) => member.start({ STOP_NOTICE_S: String(NOTICE_S) })));
}, 90_000);
afterAll(() => stage?.end());

const CLIENTS = 4;
/** What a process may take from SIGTERM to its end, with requests and effects under way. */
const DRAIN_WITHIN_MS = 15_000;

/** How long a process that leaves serves on; who keeps idle connections for less than this never meets a closed one. */
const NOTICE_S = 2;

/** Keeps connections for the next request, as a load balancer does, and idle ones for a moment. */
class Balancer extends Agent {
  private readonly idle = new WeakMap<Duplex, NodeJS.Timeout>();

  constructor() {
    super({ keepAlive: true, maxSockets: CLIENTS });
  }

  override keepSocketAlive(socket: Duplex): boolean {
    this.idle.set(
      socket,
      setTimeout(() => socket.destroy(), NOTICE_S * 700),
    );
    // @ts-expect-error it says whether it keeps it, whatever its type says
    return super.keepSocketAlive(socket);
  }

  override reuseSocket(socket: Duplex, sent: ClientRequest): void {
    clearTimeout(this.idle.get(socket));
    super.reuseSocket(socket, sent);
  }
}

const PROBE_EVERY_MS = 100;

/** Asks each process whether it wants requests, as a load balancer does. */
function probe(signal: AbortSignal): boolean[] {
  const ready = members.map(() => true);
  const follow = async (member: Member, at: number): Promise<void> => {
    while (!signal.aborted) {
      ready[at] = await member.client.call("GET", "/readyz").then(
        ({ status }) => status === 200,
        () => false,
      );
      await sleep(PROBE_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  };
  members.forEach((member, at) => void follow(member, at));
  return ready;
}

interface Answer {
  status: number;
  body: string;
  retryAfter: string | undefined;
}

/** One request on a connection that is kept for the next, as a load balancer's are. */
function send(agent: Agent, member: Member, key: string, body: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${member.url}/v1/orders`,
      {
        agent,
        method: "POST",
        headers: {
          ...{ authorization: "Bearer ck_dev", "content-type": "application/json" },
          "idempotency-key": key,
        },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            body: text,
            retryAfter: response.headers["retry-after"],
          }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(JSON.stringify(body));
  });
}

test(
  "both processes are restarted one after the other under load, and no request fails",
  { timeout: 90_000 },
  async () => {
    const agents = members.map(() => new Balancer());
    const made: string[] = [];
    const failed: string[] = [];
    const times: number[] = [];
    let elsewhere = 0;
    let going = true;
    const probing = new AbortController();
    const ready = probe(probing.signal);
    const client = async (n: number) => {
      for (let i = 0; going; i++) {
        const body = {
          ...{ reference: `PO-${n}-${i}`, amount: 1250, currency: "usd" },
          payment: { mode: "confirm", payment_method: "pm_card_visa" },
        };
        const began = performance.now();
        // Tries another process on a refused connection or a 503, and on nothing else.
        for (let at = n + i; ; at++) {
          const first = at % members.length;
          const place = ready[first] ? first : (first + 1) % members.length;
          const answer = await send(agents[place]!, members[place]!, `order:${n}:${i}`, body).catch(
            (error: NodeJS.ErrnoException) => error,
          );
          if (!(answer instanceof Error) && answer.status === 201) {
            made.push((JSON.parse(answer.body) as OrderView).id);
            break;
          }
          const refused = answer instanceof Error ? answer.code === "ECONNREFUSED" : answer.status === 503;
          if (!refused) {
            failed.push(
              answer instanceof Error ? (answer.code ?? answer.message) : `${answer.status} ${answer.body}`,
            );
            break;
          }
          elsewhere++;
          await sleep(20);
        }
        times.push(performance.now() - began);
      }
    };
    const clients = Array.from({ length: CLIENTS }, (_, n) => client(n));
    await sleep(1_000);
    for (const member of members) {
      const leaving = member.process();
      const began = performance.now();
      leaving.signal("SIGTERM");
      // It says so while it still answers.
      const said = await member.client.until(
        () => member.client.call<{ checks: Record<string, unknown> }>("GET", "/readyz"),
        ({ status }) => status === 503,
        1_500,
      );
      expect(said.body.checks).toMatchObject({ database: { ok: true }, accepting: { ok: false } });
      expect((await member.client.call("GET", "/v1/orders?limit=1")).status).toBe(200);
      expect(await leaving.ended).toEqual({ code: 0, signal: null });
      const took = performance.now() - began;
      console.log(`ended ${Math.round(took)} ms after SIGTERM`);
      expect(took).toBeLessThan(DRAIN_WITHIN_MS);
      await member.start({ STOP_NOTICE_S: String(NOTICE_S) });
      await sleep(500);
    }
    going = false;
    await Promise.all(clients);
    probing.abort();
    for (const agent of agents) agent.destroy();
    console.log(
      `${made.length} orders through two restarts, ${elsewhere} sent elsewhere, ${failed.length} failed; ${figures(times)}`,
    );
    expect(failed).toEqual([]);
    expect(new Set(made).size).toBe(made.length);
    expect(await unrest(stage, 30_000)).toEqual([]);
    const books = await ledger(stage);
    for (const id of made) expect(books.get(id)).toMatchObject([{ captured: 1250, captures: 1 }]);
    const { rows } = await stage.sql.query<{ status: string; n: number }>(
      "select status, count(*) as n from countersign.orders group by 1",
    );
    expect(rows).toEqual([{ status: "completed", n: made.length }]);
  },
);
