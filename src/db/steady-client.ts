import type pg from "pg";
import type { Servers } from "./servers.ts";

/** How long a statement may take, wait for a lock, or leave its transaction open, in milliseconds; 0: for ever. */
export interface SessionLimits {
  statement: number;
  lock: number;
  idleInTransaction: number;
}

/** A server that takes no writes: a standby, or a primary that was made one. */
export class ReadOnlyServer extends Error {
  override readonly name = "ReadOnlyServer";
  /** https://www.postgresql.org/docs/18/errcodes-appendix.html: read_only_sql_transaction */
  readonly code = "25006";
}

const ANSWER_WITHIN_MS = 5_000;

/**
 * Makes a new connection ours. Its limits are set here and not in the startup message, of which poolers refuse what they do
 * not know.
 * @throws ReadOnlyServer
 */
export async function openSession(client: pg.ClientBase, limits: SessionLimits): Promise<void> {
  const query: pg.QueryConfig & { query_timeout: number } = {
    text: `select set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false),
                  set_config('idle_in_transaction_session_timeout', $3, false),
                  set_config('countersign.tenant', '', false),
                  current_setting('transaction_read_only') = 'on' as read_only`,
    values: [limits.statement, limits.lock, limits.idleInTransaction].map(String),
    query_timeout: ANSWER_WITHIN_MS,
  };
  const { rows } = await client.query<{ read_only: boolean }>(query);
  if (rows[0]?.read_only) throw new ReadOnlyServer("the server takes no writes: it is a standby");
}

type Callback = (error: Error | null | undefined, result?: unknown) => void;
type Query = (...args: unknown[]) => unknown;

/**
 * Connections of one pool: each goes to the server that took the last one, or to the next when that failed. A connection is
 * given up when its server has become a standby, or has not answered for longer than any statement may take (its machine may
 * have vanished without a word).
 */
export function steadyClient(Base: new (config?: pg.ClientConfig) => pg.Client, servers: Servers) {
  return class SteadyClient extends Base {
    readonly server: string;

    constructor(config?: pg.ClientConfig) {
      const server = servers.present();
      super({ ...config, connectionString: server });
      this.server = server;
      const query = this.query.bind(this) as Query;
      const watched: Query = (...args) => {
        const callback = args.at(-1);
        if (typeof callback === "function") {
          const heard: Callback = (error, result) => {
            this.giveUpAfter(error);
            (callback as Callback)(error, result);
          };
          return query(...args.slice(0, -1), heard);
        }
        const answer = query(...args);
        if (answer instanceof Promise) answer.catch((error: unknown) => this.giveUpAfter(error));
        return answer;
      };
      this.query = watched as typeof this.query;
    }

    override connect(): Promise<this>;
    override connect(callback: (error: Error) => void): void;
    override connect(callback?: (error: Error) => void): Promise<this> | void {
      if (!callback)
        return new Promise((resolve, reject) => {
          this.connect((error: Error | undefined) => (error ? reject(error) : resolve(this)));
        });
      super.connect((error: Error | undefined) => {
        if (error) servers.failed(this.server);
        callback(error as Error);
      });
    }

    private giveUpAfter(error: unknown): void {
      if (!isFutile(error)) return;
      servers.failed(this.server);
      void this.end().catch(() => {});
    }
  };
}

const isFutile = (error: unknown): boolean =>
  error instanceof Error &&
  (("code" in error && error.code === "25006") || error.message === "Query read timeout");
