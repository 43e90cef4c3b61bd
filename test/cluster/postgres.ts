import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { accountFor } from "../../src/db/embedded-account.ts";
import { findBinaries, sharedCaches } from "../../src/db/embedded-binaries.ts";
import { createCluster } from "../../src/db/embedded-cluster.ts";
import { startServer, stopServer, type ServerPlan } from "../../src/db/embedded-server.ts";
import { freePort } from "../helpers/process.ts";

/** A PostgreSQL server of the test's own, on a TCP port. */
export interface Server {
  /** `127.0.0.1:PORT` */
  address: string;
  url(database: string): string;
  sql(text: string): Promise<pg.QueryResult<Record<string, unknown>>>;
  /** Gone with all its processes, as if its machine had lost power. */
  kill(): Promise<void>;
}

/** Servers that live as long as the test. */
export interface Servers {
  /** An empty server. */
  create(settings?: Record<string, string>): Promise<Server>;
  /** A standby that follows a server, which from then on acknowledges nothing that the standby has not written. */
  createStandby(primary: Server): Promise<Server>;
  end(): Promise<void>;
}

interface Running extends Server {
  plan: ServerPlan;
  pid: number;
}

const SETTINGS = {
  ...{ wal_level: "replica", max_wal_senders: "5", hot_standby: "on", wal_keep_size: "512MB" },
  ...{ shared_buffers: "64MB", fsync: "off", full_page_writes: "off", max_connections: "100" },
  ...{
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    log_min_messages: "warning",
    timezone: "UTC",
  },
};

export function openServers(): Servers {
  const folder = mkdtempSync(join(tmpdir(), "countersign-servers-"));
  const account = accountFor(join(folder, "none"));
  // The account that PostgreSQL runs as must get there.
  execFileSync("chmod", ["755", folder]);
  const binaries = findBinaries(account, account ? sharedCaches() : [folder]);
  const running = new Map<string, Running>();

  async function run(cluster: string, settings: Record<string, string> = {}): Promise<Running> {
    const port = await freePort();
    const plan: ServerPlan = {
      ...{ cluster, binaries, account, socketLock: undefined, logFile: `${cluster}.log` },
      settings: { ...SETTINGS, ...settings, port: String(port) },
    };
    const { pid } = await startServer(plan);
    const address = `127.0.0.1:${port}`;
    const url = (database: string) => `postgresql://postgres@${address}/${database}`;
    const server: Running = {
      ...{ address, url, plan, pid },
      async sql(text) {
        const client = new pg.Client({ connectionString: url("postgres") });
        await client.connect();
        try {
          return await client.query<Record<string, unknown>>(text);
        } finally {
          await client.end();
        }
      },
      async kill() {
        const children = childrenOf(pid);
        for (const each of [pid, ...children]) signal(each);
        while ([pid, ...children].some(lives)) await sleep(10);
        running.delete(address);
      },
    };
    running.set(address, server);
    return server;
  }

  return {
    async create(settings) {
      const cluster = join(folder, `server-${running.size}`);
      await createCluster(cluster, { binaries, account, password: undefined, durable: false });
      return run(cluster, settings);
    },
    async createStandby(primary) {
      const known = running.get(primary.address);
      if (!known) throw new Error(`there is no server at ${primary.address}`);
      const cluster = join(folder, "standby");
      await copyCluster(primary, known.plan.cluster, cluster);
      const [host, port] = primary.address.split(":");
      writeFileSync(
        join(cluster, "postgresql.auto.conf"),
        `primary_conninfo = 'host=${host} port=${port} user=postgres application_name=standby'\n`,
      );
      writeFileSync(join(cluster, "standby.signal"), "");
      if (account) execFileSync("chown", ["-R", `${account.uid}:${account.gid}`, cluster]);
      const standby = await run(cluster);
      await primary.sql("alter system set synchronous_standby_names = 'standby'");
      await primary.sql("select pg_reload_conf()");
      for (;;) {
        const { rows } = await primary.sql("select 1 from pg_stat_replication where sync_state = 'sync'");
        if (rows.length > 0) return standby;
        await sleep(50);
      }
    },
    async end() {
      for (const { pid, plan } of running.values()) await stopServer(pid, plan);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP */
async function copyCluster(primary: Server, from: string, to: string): Promise<void> {
  const client = new pg.Client({ connectionString: primary.url("postgres") });
  await client.connect();
  try {
    await client.query("select pg_backup_start('standby', true)");
    execFileSync("cp", ["-a", from, to]);
    rmSync(join(to, "postmaster.pid"), { force: true });
    for (const folder of ["pg_wal", "pg_replslot"])
      for (const file of readdirSync(join(to, folder)).filter((name) => name !== "archive_status"))
        rmSync(join(to, folder, file), { recursive: true, force: true });
    const { rows } = await client.query<{ labelfile: string }>("select labelfile from pg_backup_stop(false)");
    writeFileSync(join(to, "backup_label"), rows[0]?.labelfile ?? "");
  } finally {
    await client.end();
  }
}

/** Of Linux: PostgreSQL's processes lead groups of their own. */
const childrenOf = (parent: number): number[] =>
  readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && statOf(pid)?.parent === parent);

const lives = (pid: number): boolean => {
  const state = statOf(pid)?.state;
  return state !== undefined && state !== "Z" && state !== "X";
};

function statOf(pid: number): { state: string; parent: number } | undefined {
  try {
    const [state = "", parent = ""] = (
      readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) ?? ""
    ).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended
  }
}
