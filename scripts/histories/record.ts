import { cp, mkdtemp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { dumpTables } from "./tables.ts";
import { tell, type Told } from "./told.ts";

// Records what a release leaves behind when it is stopped in the middle of its work: database, provider and mailed links. The
// test of upgrades goes on from there with the code of today.

const options = new Command("record")
  .description(
    "Runs a release's code, leaves orders and approvals in every state, and keeps it as test/histories/VERSION.",
  )
  .requiredOption("--from <directory>", "a checkout of the release, with its node_modules")
  .requiredOption("--version <version>", "what it is called")
  .parse()
  .opts<{ from: string; version: string }>();

const LATER = import.meta.resolve("./later.js");
const release = resolve(options.from);
const target = resolve(import.meta.dirname, "../../test/histories", options.version);
const folder = await mkdtemp(join(tmpdir(), "countersign-history-"));
const postgres = await startEmbeddedPostgres({ dataDir: folder });
try {
  const [port, providerPort] = [await free(), await free()];
  const dataDir = join(folder, "service");
  const env = {
    PORT: String(port),
    PROVIDER_PORT: String(providerPort),
    DATABASE_URL: postgres.url,
    DATA_DIR: dataDir,
    LINK_SECRETS: "1:recorded-history-recorded-history",
    LOG_LEVEL: "warn",
  };
  const service = spawn(process.execPath, ["--import", "tsx", "src/main.ts"], {
    cwd: release,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], NODE_OPTIONS: `--import ${LATER}`, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(service, "exit");
  for await (const line of createInterface(service.stdout)) if (line === "ready") break;
  service.stdout.resume();
  const told: Told = await tell(`http://127.0.0.1:${port}`, `http://127.0.0.1:${providerPort}`);
  service.kill("SIGTERM");
  await ended;
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await cp(join(dataDir, "provider"), join(target, "provider"), { recursive: true });
  for (const name of await readdir(join(target, "provider")))
    if (name.includes("lock")) await rm(join(target, "provider", name));
  const { version } = JSON.parse(
    await readFile(join(release, "node_modules/@dbos-inc/dbos-sdk/package.json"), "utf8"),
  ) as { version: string };
  const history = {
    engine: version,
    link_secrets: env.LINK_SECRETS,
    told,
    tables: await dumpTables(postgres.url),
  };
  await writeFile(join(target, "history.json"), `${JSON.stringify(history, null, 1)}\n`);
  console.log(`recorded ${told.orders.length} orders in ${target}`);
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function free(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
