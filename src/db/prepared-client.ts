import { createHash } from "node:crypto";
import pg from "pg";

const names = new Map<string, string>();

/** A statement's name is a hash of its text, so that the same text is the same statement in every session. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `cs_${createHash("sha256").update(text).digest("hex").slice(0, 24)}`;
    names.set(text, name);
  }
  return name;
}

type Query = (query: unknown, values?: unknown, callback?: unknown) => unknown;

/**
 * A connection on which every statement with parameters is prepared once and then only executed: for the few statements that
 * run thousands of times, planning costs more than running them. Not for searches, whose best plan depends on what is
 * searched for. Needs a session of its own: a pooler in transaction mode loses prepared statements.
 */
export class PreparedClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const plain = super.query.bind(this) as Query;
    const prepared: Query = (query, values, callback) =>
      typeof query === "string" && Array.isArray(values) && values.length > 0
        ? plain({ name: nameOf(query), text: query }, values, callback)
        : plain(query, values, callback);
    this.query = prepared as typeof this.query;
  }
}
