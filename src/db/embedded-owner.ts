import pg from "pg";
import { DATABASE } from "./embedded-address.ts";

/**
 * Owns the database and what is in it, and nothing else of the server: row security holds for it, unlike for a superuser. Not
 * called as a schema is, where unqualified names would be looked for.
 */
const OWNER = "countersign_owner";

/** The same database as its owner, who has the administrator's password. */
export function asOwner(url: string): string {
  const owner = new URL(url);
  owner.username = OWNER;
  return owner.href;
}

/**
 * Makes the database and its owner, and hands over what the administrator made in it: all of it in a data directory of a release
 * before there was an owner. Doing it again changes nothing.
 * @param url the database as the administrator
 */
export async function prepareDatabase(url: string): Promise<void> {
  const server = new URL(url);
  server.pathname = "/postgres";
  await connected(server.href, async (client) => {
    const owner = client.escapeIdentifier(OWNER);
    const { rows } = await client.query<{ role: boolean; database: string | null }>(
      `select exists (select from pg_roles where rolname = $1) as role,
              (select pg_get_userbyid(datdba) from pg_database where datname = $2) as database`,
      [OWNER, DATABASE],
    );
    const password = server.password
      ? `password ${client.escapeLiteral(decodeURIComponent(server.password))}`
      : "";
    if (!rows[0]?.role) await client.query(`create role ${owner} login ${password}`);
    const database = client.escapeIdentifier(DATABASE);
    if (rows[0]?.database === null) await client.query(`create database ${database} owner ${owner}`);
    else if (rows[0]?.database !== OWNER) await client.query(`alter database ${database} owner to ${owner}`);
  });
  await connected(url, (client) => client.query(HAND_OVER));
}

// The system's own are the administrator's for good, so `reassign owned` is refused. A sequence of a column, an index and a row's type
// go with their table. A transaction for each: a process that is already at work with some of the tables, and wants others, would wait
// for them while this waits for it, and one of the two would fail of the deadlock.
const HAND_OVER = `
do $$
declare
  statement text;
begin
  for statement in
    with ours as (
      select oid, nspname, nspowner from pg_namespace where nspname in ('countersign', 'dbos')
    )
    select format('alter schema %I owner to ${OWNER}', nspname) from ours where nspowner <> '${OWNER}'::regrole
    union all
    select format('alter %s %s owner to ${OWNER}',
                  case c.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
                  c.oid::regclass)
      from pg_class c join ours on ours.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'S') and c.relowner <> '${OWNER}'::regrole
       and not exists (select from pg_depend d
                        where d.classid = 'pg_class'::regclass and d.objid = c.oid
                          and c.relkind = 'S' and d.deptype in ('a', 'i'))
    union all
    select format('alter routine %s owner to ${OWNER}', p.oid::regprocedure)
      from pg_proc p join ours on ours.oid = p.pronamespace where p.proowner <> '${OWNER}'::regrole
    union all
    select format('alter type %s owner to ${OWNER}', t.oid::regtype)
      from pg_type t join ours on ours.oid = t.typnamespace
     where t.typtype in ('e', 'd') and t.typowner <> '${OWNER}'::regrole
  loop
    execute statement;
    commit;
  end loop;
end $$`;

async function connected(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
