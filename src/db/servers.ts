import { AppError } from "../errors.ts";

/**
 * The servers that a DATABASE_URL names: `postgresql://user@a:5432,b:5432/db`, as libpq writes them
 * (https://www.postgresql.org/docs/18/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS). One of them takes writes, and that one is
 * wanted, so `target_session_attrs` may say `read-write` or `primary` and nothing else.
 * @returns one URL for each server, without `target_session_attrs`
 * @throws AppError `invalid_request`
 */
export function serversOf(databaseUrl: string): string[] {
  const { head, list, tail } =
    /^(?<head>postgres(?:ql)?:\/\/(?:[^@/?]*@)?)(?<list>[^/?]*)(?<tail>.*)$/.exec(databaseUrl)?.groups ?? {};
  if (head === undefined || list === undefined || tail === undefined) throw unreadable();
  return list.split(",").map((server) => {
    const url = URL.parse(head + server + tail);
    if (!url) throw unreadable();
    const wanted = url.searchParams.get("target_session_attrs");
    if (wanted !== null && wanted !== "read-write" && wanted !== "primary")
      throw new AppError(
        "invalid_request",
        `DATABASE_URL: target_session_attrs=${wanted} would lead to a server that takes no writes; write read-write`,
      );
    url.searchParams.delete("target_session_attrs");
    return url.href;
  });
}

const unreadable = () =>
  new AppError(
    "invalid_request",
    "DATABASE_URL: write postgresql://user:password@host:port/database, with several host:port separated by commas",
  );

/** The servers of one pool, and which of them is asked next. */
export interface Servers {
  count: number;
  present(): string;
  /** That one took no connection, or takes no writes; the next in turn is asked. */
  failed(server: string): void;
}

export function createServers(urls: readonly string[]): Servers {
  let at = 0;
  const present = () => urls[at % urls.length] ?? "";
  return {
    count: urls.length,
    present,
    failed(server) {
      if (server === present()) at++;
    },
  };
}
