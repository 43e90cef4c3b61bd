import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { inject, expect, onTestFinished, test } from "vitest";
import { awaitServer } from "../../src/db/await-server.ts";
import { requireSessions } from "../../src/db/pooler.ts";
import { freePort } from "../helpers/process.ts";
import { startTestService } from "../helpers/service.ts";

/** The tests' server at a port that is not open yet. */
async function later(): Promise<{
  url: string;
  open(how?: { only?: number }): Promise<void>;
  startingUp(): Promise<void>;
}> {
  const target = new URL(inject("serverUrl"));
  const folder = target.searchParams.get("host");
  const number = Number(target.searchParams.get("port") ?? (target.port || 5432));
  const port = await freePort();
  const url = new URL(target);
  url.search = "";
  url.host = `127.0.0.1:${port}`;
  let server: Server | null = null;
  const listen = async (made: Server) => {
    server?.close();
    server = made.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  onTestFinished(() => void server?.close());
  return {
    url: url.href,
    /** @param only how many connections it takes before it is closed again */
    open: ({ only = Infinity } = {}) => {
      let taken = 0;
      return listen(
        createServer((client) => {
          if (++taken > only) return void client.destroy();
          const postgres =
            folder === null ? connect(number, target.hostname) : connect(`${folder}/.s.PGSQL.${number}`);
          client.pipe(postgres).pipe(client);
          client.on("error", () => postgres.destroy());
          postgres.on("error", () => client.destroy());
        }),
      );
    },
    /** As PostgreSQL answers while it recovers: an ErrorResponse (PostgreSQL 18, "Message Formats"), and the end. */
    startingUp: () =>
      listen(
        createServer((client) => {
          const fields = "SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
          const head = Buffer.from("E\0\0\0\0");
          head.writeInt32BE(fields.length + 4, 1);
          client
            .on("error", () => {})
            .once("data", () => client.end(Buffer.concat([head, Buffer.from(fields)])));
        }),
      ),
  };
}

test("a service that starts before its database waits for it, and says so", async () => {
  const place = await later();
  const said: string[] = [];
  const waiting = awaitServer(place.url, { withinS: 30, onWait: (text) => said.push(text) });
  await expect.poll(() => said).toHaveLength(1);
  expect(said[0]).toMatch(
    /^the database at 127\.0\.0\.1:\d+ takes no connections \(.*ECONNREFUSED.*\); waiting up to 30 s$/,
  );
  await place.startingUp();
  // Long enough to be refused in these words as well.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await place.open();
  await waiting;
  expect(said).toHaveLength(1);
});

test("the whole service comes up once its database is there", async () => {
  const place = await later();
  const port = await freePort();
  const starting = startTestService({ DATABASE_URL: place.url, PORT: String(port) });
  const lives = () => fetch(`http://127.0.0.1:${port}/healthz`).then(({ status }) => status);
  // It lives while it waits, or whoever watches over it would kill it.
  await expect.poll(() => lives().catch(() => 0)).toBe(200);
  await place.open();
  const service = await starting;
  const { status } = await service.call("GET", "/readyz");
  await service.end();
  expect(status).toBe(200);
});

test("a database that does not come is an error of one line with the remedy", async () => {
  const place = await later();
  await expect(awaitServer(place.url, { withinS: 1 })).rejects.toThrow(
    /^DATABASE_URL: 127\.0\.0\.1:\d+ took no connection within 1 s \(.*ECONNREFUSED.*\); start PostgreSQL, .*DATABASE_WAIT_S\.$/,
  );
  await place.startingUp();
  await expect(awaitServer(place.url, { withinS: 0 })).rejects.toThrow(/the database system is starting up/);
});

test("a database that goes away while sessions are looked at ends the look", async () => {
  const place = await later();
  await place.open({ only: 1 });
  await expect(requireSessions(place.url)).rejects.toThrow(/ECONNREFUSED|ECONNRESET|terminated/);
});

test("what waiting would not mend fails at once: a database that does not exist", async () => {
  const url = new URL(inject("serverUrl"));
  url.pathname = "/nowhere";
  await expect(awaitServer(url.href, { withinS: 3_600 })).rejects.toThrow(
    'DATABASE_URL: database "nowhere" does not exist; correct it, or what it names.',
  );
});
