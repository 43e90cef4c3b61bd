import { randomBytes } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { TEMPLATE, onDatabase } from "./database-url.ts";

export interface TestDatabase {
  url: string;
  /** Also ends the sessions that are still open on it. */
  drop(): Promise<void>;
}

/** A database of its own with all tables of ours and of the engine, cloned from the template. */
export async function createDatabase(): Promise<TestDatabase> {
  const name = `test_${process.pid}_${randomBytes(5).toString("hex")}`;
  await onServer(`create database ${name} template ${TEMPLATE}`);
  return {
    url: onDatabase(inject("serverUrl"), name),
    drop: () => onServer(`drop database if exists ${name} with (force)`),
  };
}

/** An empty database on the same server. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const name = `test_${process.pid}_${randomBytes(5).toString("hex")}`;
  await onServer(`create database ${name}`);
  return {
    url: onDatabase(inject("serverUrl"), name),
    drop: () => onServer(`drop database if exists ${name} with (force)`),
  };
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: onDatabase(inject("serverUrl"), "postgres") });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
