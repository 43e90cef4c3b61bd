import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { accountFor } from "../../src/db/embedded-account.ts";
import { freePort, startProcess } from "../helpers/process.ts";
import { openServers, type Server, type Servers } from "./postgres.ts";
import { ledger, openStage, unrest, type Stage } from "./stage.ts";

const installed = (() => {
  try {
    return execFileSync("sh", ["-c", "command -v pgbouncer || ls /usr/sbin/pgbouncer"], {
      encoding: "utf8",
    }).trim();
  } catch {
    return null;
  }
})();
if (installed === null)
  console.log("pgbouncer is not installed (apt-get install pgbouncer): its tests are skipped");

let servers: Servers;
let server: Server;
let folder: string;
const poolers: ChildProcess[] = [];
const stages: Stage[] = [];

beforeAll(async () => {
  servers = openServers();
  server = await servers.create();
  folder = mkdtempSync(join(tmpdir(), "countersign-pgbouncer-"));
});
afterAll(async () => {
  for (const stage of stages) await stage.end();
  for (const pooler of poolers) {
    if (pooler.exitCode === null) pooler.kill("SIGKILL");
  }
  await servers.end();
  rmSync(folder, { recursive: true, force: true });
});

/** A pgbouncer as Debian ships it, with nothing but what it needs. @returns the URL of a new database behind it */
async function startPooler(mode: string): Promise<string> {
  const port = await freePort();
  const [host, serverPort] = server.address.split(":");
  const database = `countersign_${mode}`;
  await server.sql(`create database ${database}`);
  const account = accountFor(join(folder, "none"));
  const file = join(folder, `${mode}.ini`);
  const users = join(folder, "users.txt");
  writeFileSync(users, '"postgres" ""\n');
  // With auth_type any it connects as one user, whoever comes.
  writeFileSync(
    file,
    `[databases]\n* = user=postgres host=${host} port=${serverPort}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\n` +
      `unix_socket_dir =\nauth_type = any\nauth_file = ${users}\npool_mode = ${mode}\n` +
      (mode === "session" ? "default_pool_size = 80\n" : ""),
  );
  execFileSync("chmod", ["-R", "a+rX", folder]);
  const pooler = spawn(installed ?? "", ["-q", file], { ...account, stdio: ["ignore", "ignore", "pipe"] });
  poolers.push(pooler);
  let trouble = "";
  pooler.stderr?.setEncoding("utf8").on("data", (text: string) => (trouble += text));
  for (let i = 0; ; i++) {
    const there = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (there) break;
    if (i === 200 || pooler.exitCode !== null) throw new Error(`pgbouncer does not start: ${trouble}`);
    await Promise.race([sleep(25), once(pooler, "exit")]);
  }
  return `postgresql://postgres@127.0.0.1:${port}/${database}`;
}

test.skipIf(installed === null)(
  "behind a pooler in session mode two processes run as without one",
  { timeout: 90_000 },
  async () => {
    const stage = await openStage({ url: await startPooler("session") });
    stages.push(stage);
    const [a, b] = [await stage.member(), await stage.member()];
    await a.start();
    await b.start();
    const order = await a.client.create({ reference: "PO-pooled", amount: 125_000 });
    await b.client.pay(order);
    await a.client.until(
      () => Promise.resolve(stage.mails),
      (mails) => mails.length >= 2,
      15_000,
    );
    const link = stage.mails[0]?.links.find((each) => each.includes("/a/")) ?? "";
    const began = performance.now();
    expect((await b.client.decide(link.replace(/^http:\/\/[^/]+/, b.url), "approve")).status).toBe(200);
    await b.client.reached(order.id, "completed");
    console.log(`approved and captured through pgbouncer in ${Math.round(performance.now() - began)} ms`);
    expect(await unrest(stage)).toEqual([]);
    expect((await ledger(stage)).get(order.id)).toMatchObject([{ captured: 125_000, captures: 1 }]);
  },
);

test.skipIf(installed === null).each(["transaction", "statement"])(
  "a pooler in %s mode is refused at the start, with the remedy",
  { timeout: 60_000 },
  async (mode) => {
    const url = await startPooler(mode);
    const starting = startProcess({
      ...{
        DATABASE_URL: url,
        PORT: "0",
        PROVIDER_PORT: "0",
        DATA_DIR: join(folder, "data"),
        LOG_LEVEL: "warn",
      },
    });
    await expect(starting).rejects.toThrow(/DATABASE_URL: .*pool_mode=session/);
  },
);
