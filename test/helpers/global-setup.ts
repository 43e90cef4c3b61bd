import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DBOS } from "@dbos-inc/dbos-sdk";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { buildConsoleIfChanged } from "../../scripts/build/console.ts";
import { buildService } from "../../scripts/build/service.ts";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { migrate } from "../../src/db/migrate.ts";
import { asOwner, OWNER, TEMPLATE, onDatabase } from "./database-url.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A server with the template database; tests clone it (`createDatabase`). */
    serverUrl: string;
  }
}

/** One PostgreSQL for the whole run, with a migrated template database. TEST_DATABASE_URL names another server. */
export default async function setup(project: TestProject) {
  const build = await buildForTests();
  const given = process.env["TEST_DATABASE_URL"];
  const server = given ? { url: given, stop: () => Promise.resolve() } : await startTemporaryServer();
  await createTemplate(server.url);
  project.provide("serverUrl", server.url);
  return async () => {
    await server.stop();
    await build.remove();
  };
}

/** In the package, so that it finds what the package finds; in a folder of this run, so that two runs do not meet. */
async function buildForTests() {
  const folder = join(import.meta.dirname, `../../node_modules/.cache/countersign-test-${process.pid}`);
  await Promise.all([buildService(folder), buildConsoleIfChanged()]);
  process.env["COUNTERSIGN_BUILT"] = folder;
  return { remove: () => rm(folder, { recursive: true, force: true }) };
}

async function startTemporaryServer() {
  const dataDir = await mkdtemp(join(tmpdir(), "countersign-test-"));
  const server = await startEmbeddedPostgres({ dataDir, durable: false });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function createTemplate(url: string) {
  const client = new pg.Client({ connectionString: onDatabase(url, "postgres") });
  await client.connect();
  await client.query(`drop database if exists ${TEMPLATE} with (force)`);
  // The embedded server has made it; another one, which trusts who connects or gives it a password of its own, may not have.
  const { rowCount } = await client.query("select from pg_roles where rolname = $1", [OWNER]);
  if (rowCount === 0) await client.query(`create role ${OWNER} login`);
  await client.query(`create database ${TEMPLATE} owner ${OWNER}`);
  await client.end();
  const template = asOwner(onDatabase(url, TEMPLATE));
  await migrate(template);
  await DBOS.migrate(template);
}
