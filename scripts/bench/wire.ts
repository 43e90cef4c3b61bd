import { connect, type Socket } from "node:net";
import { percentile } from "./figures.ts";

/** Requests as bytes over a few kept connections, so that sending costs next to nothing beside what answers. */
export interface WireResult {
  per_s: number;
  p50_ms: number;
  p99_ms: number;
  refused: number;
  /** How much of one core the client itself used, 0..1: near 1 it measures itself. */
  client_busy: number;
}

/** A whole HTTP/1.1 request. */
export function requestBytes(url: string, headers: Record<string, string>, body: Uint8Array): Buffer {
  const { host, pathname } = new URL(url);
  const lines = Object.entries({ host, ...headers, "content-length": String(body.length) });
  const head = `POST ${pathname} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/**
 * Sends every request and waits for its answer (which has to be 204, without a body). With `perSecond` they are sent at
 * that pace whatever the answers do, and latency counts from the moment at which each was due.
 */
export async function sendAll(
  url: string,
  requests: Buffer[],
  { connections, perSecond }: { connections: number; perSecond?: number },
): Promise<WireResult> {
  const { hostname, port } = new URL(url);
  const latencies: number[] = [];
  let refused = 0;
  let next = 0;
  const cpu = process.cpuUsage();
  const started = performance.now();
  const dueAt = (n: number) => (perSecond === undefined ? null : started + (n * 1000) / perSecond);

  async function run(): Promise<void> {
    let connection = await open(hostname, Number(port));
    for (;;) {
      const n = next++;
      const bytes = requests[n];
      if (!bytes) break;
      const due = dueAt(n);
      const wait = due === null ? 0 : due - performance.now();
      if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
      const from = due ?? performance.now();
      const status = await connection.exchange(bytes);
      latencies.push(performance.now() - from);
      if (status !== 204) {
        refused++;
        connection.socket.destroy();
        connection = await open(hostname, Number(port));
      }
    }
    connection.socket.destroy();
  }
  await Promise.all(Array.from({ length: connections }, run));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    per_s: requests.length / seconds,
    p50_ms: percentile(latencies, 0.5),
    p99_ms: percentile(latencies, 0.99),
    refused,
    client_busy: (user + system) / 1e6 / seconds,
  };
}

interface Connection {
  socket: Socket;
  exchange(bytes: Buffer): Promise<number>;
}

/** Of an answer without a body. */
const END = Buffer.from("\r\n\r\n");

function open(host: string, port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    let answered: (status: number) => void = () => {};
    let failed: (error: Error) => void = reject;
    let head: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      if (!END.equals(head.subarray(-END.length))) return;
      const status = Number(head.toString("latin1", 9, 12));
      head = Buffer.alloc(0);
      answered(status);
    });
    socket.on("error", (error) => failed(error));
    socket.on("connect", () =>
      resolve({
        socket,
        exchange: (bytes) =>
          new Promise((done, fail) => {
            answered = done;
            failed = fail;
            socket.write(bytes);
          }),
      }),
    );
  });
}
