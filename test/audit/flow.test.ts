import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import Koa from "koa";
import { afterEach, expect, test } from "vitest";
import { flow, goneSignal } from "../../src/http/audit-flow.ts";
import { heartbeats } from "../../src/http/audit-heartbeat.ts";
import { createLog } from "../../src/log.ts";

const CHUNK = "x".repeat(64 * 1024);
let server: Server;
let socket: Socket;
afterEach(() => {
  socket.destroy();
  server.close();
});

/** Sends what `chunks` yields to a client that has not read anything yet. */
async function serve(chunks: () => AsyncIterable<string>): Promise<void> {
  const app = new Koa();
  app.silent = true;
  app.use((ctx) =>
    flow(ctx, chunks(), { signal: goneSignal(ctx), log: createLog("silent"), stalledMs: 300 }),
  );
  const handle = app.callback();
  server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
}

test("a client that reads nothing is sent no more than its connection holds, and is disconnected", async () => {
  let sent = 0;
  let ended = false;
  await serve(async function* () {
    try {
      for (; sent < 10_000; sent++) {
        await sleep(0);
        yield CHUNK;
      }
    } finally {
      ended = true;
    }
  });
  socket.pause();
  await expect.poll(() => ended, { timeout: 10_000 }).toBe(true);
  expect(sent).toBeLessThan(1_000);
});

test("a slow client gets all of it", async () => {
  await serve(async function* () {
    for (let n = 0; n < 200; n++) {
      await sleep(0);
      yield CHUNK;
    }
  });
  let bytes = 0;
  for await (const part of socket as AsyncIterable<Buffer>) {
    bytes += part.length;
    await sleep(1);
    if (part.toString("latin1").endsWith("0\r\n\r\n")) break;
  }
  expect(bytes).toBeGreaterThan(200 * CHUNK.length);
});

test("what breaks off is not taken for the whole", async () => {
  await serve(async function* () {
    yield "part";
    await sleep(50);
    throw new Error("the database is gone");
  });
  let text = "";
  for await (const part of socket as AsyncIterable<Buffer>) text += part.toString();
  expect(text).toContain("part");
  expect(text.endsWith("0\r\n\r\n")).toBe(false);
});

test("while nothing comes there are heartbeats, and no item is lost to them", async () => {
  async function* slow() {
    for (let n = 0; n < 3; n++) {
      await sleep(90);
      yield n;
    }
  }
  const seen: (number | null)[] = [];
  for await (const item of heartbeats(slow(), 20)) seen.push(item);
  expect(seen.filter((item) => item !== null)).toEqual([0, 1, 2]);
  expect(seen.filter((item) => item === null).length).toBeGreaterThanOrEqual(6);
});
