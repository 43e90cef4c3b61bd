import type { Config } from "../../config.ts";
import { createPool } from "../../db/pool.ts";
import { requireSessions } from "../../db/pooler.ts";
import { failed, messageOf, passed, type Check } from "./check.ts";

const OLDEST_POSTGRES = 140_000;

/** https://www.postgresql.org/docs/18/ddl-rowsecurity.html: superusers and roles with BYPASSRLS are above every policy. */
const BYPASSED =
  "the user of DATABASE_URL is a superuser or has BYPASSRLS, so row security between tenants does not hold: connect as a plain owner of the database";

/** Is the database reached, and new enough? */
export async function checkDatabase({ databaseUrl, production }: Config): Promise<Check> {
  if (databaseUrl === null) return passed("database", "embedded PostgreSQL; set DATABASE_URL for production");
  const pool = createPool({ url: databaseUrl, max: 1, applicationName: "countersign-doctor" });
  try {
    const { rows } = await pool.query<{ number: number; version: string; mode: string; above: boolean }>(
      `select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
              current_setting('synchronous_commit') as mode,
              (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as above`,
    );
    const [found] = rows;
    const said = `PostgreSQL ${found?.version}, synchronous_commit ${found?.mode}`;
    if ((found?.number ?? 0) < OLDEST_POSTGRES)
      return failed("database", `DATABASE_URL: ${said}; 14 or newer is needed`);
    if (found?.mode === "off" && production)
      return failed(
        "database",
        `DATABASE_URL: ${said}: a crash of the server loses what was acknowledged; set it to on`,
      );
    await requireSessions(databaseUrl);
    // It works, with the first lock between tenants alone.
    return passed("database", found?.above ? `${said}; ${BYPASSED}` : said);
  } catch (error) {
    return failed("database", `DATABASE_URL: ${messageOf(error).replace(/^DATABASE_URL: /, "")}`);
  } finally {
    await pool.end();
  }
}
