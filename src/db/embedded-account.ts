import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { AppError } from "../errors.ts";

/** The system account that PostgreSQL runs under. */
export interface Account {
  uid: number;
  gid: number;
}

/**
 * PostgreSQL refuses to run as root: then it runs as the owner of the cluster, or for a new one as user `postgres`,
 * which is created when the system has none. Undefined means: as whoever we are.
 */
export function accountFor(cluster: string): Account | undefined {
  const owner = statSync(cluster, { throwIfNoEntry: false });
  const me = process.getuid?.();
  if (me === undefined) return undefined;
  if (me !== 0) {
    if (owner && owner.uid !== me) {
      throw new AppError(
        "conflict",
        `The database in ${cluster} belongs to user id ${owner.uid}, not to you: start as that user, or set DATA_DIR to another directory.`,
      );
    }
    return undefined;
  }
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return lookUp() ?? createAccount();
}

function lookUp(): Account | undefined {
  try {
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return undefined;
  }
}

function createAccount(): Account {
  // Debian and Red Hat have useradd, Alpine has adduser
  const ways: [string, string[]][] = [
    ["useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "postgres"]],
    ["adduser", ["-S", "-D", "-H", "-s", "/sbin/nologin", "postgres"]],
  ];
  for (const [command, args] of ways) {
    try {
      execFileSync(command, args, { stdio: "ignore" });
    } catch {
      // the next way, or the error below
    }
    const account = lookUp();
    if (account) return account;
  }
  throw new AppError(
    "database_unavailable",
    "PostgreSQL does not run as root and user `postgres` could not be created: create it (useradd --system postgres), start as an ordinary user, or set DATABASE_URL.",
  );
}

function id(flag: "-u" | "-g"): number {
  const text = execFileSync("id", [flag, "postgres"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return Number.parseInt(text, 10);
}
