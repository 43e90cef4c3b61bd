import { createHash, randomBytes } from "node:crypto";
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Account } from "./embedded-account.ts";

/** Where the server listens, and how it is told to. */
export interface Address {
  url: string;
  settings: Record<string, string>;
  /** The file by which a server on a socket keeps others off it; it starts with the server's process id. */
  socketLock?: string;
}

export const DATABASE = "countersign";
const PORT = 5432;
/** `sun_path` without its closing zero: 107 bytes on Linux, 103 on macOS and BSD. */
const LONGEST_PATH = process.platform === "linux" ? 107 : 103;

/**
 * A socket file, in the cluster itself or, when that path is too long for a socket, in a short directory that is ours
 * alone. Directories of mode 700 are what keeps other users out, so there is no password.
 */
export function socketAddress(cluster: string, account: Account | undefined): Address {
  const inCluster = fits(cluster);
  const directory = inCluster ? cluster : shortDirectory(cluster, account);
  return {
    // engines insist on a user and a host in their usual places; the host that counts is the parameter
    url: `postgresql://postgres@localhost:${PORT}/${DATABASE}?host=${encodeURIComponent(directory)}`,
    socketLock: join(directory, `.s.PGSQL.${PORT}.lock`),
    settings: {
      listen_addresses: "",
      port: String(PORT),
      unix_socket_directories: inCluster ? "." : directory,
      unix_socket_permissions: "0700",
    },
  };
}

/** TCP on a free port of the loopback interface, for systems without sockets. */
export async function tcpAddress(password: string): Promise<Address> {
  const port = await freePort();
  return {
    url: `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${DATABASE}`,
    settings: { listen_addresses: "127.0.0.1", port: String(port), unix_socket_directories: "" },
  };
}

/** The password of a cluster that listens on TCP, made once. */
export function readOrCreatePassword(file: string): string {
  if (!existsSync(file))
    writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600, flag: "wx" });
  return readFileSync(file, "utf8").trim();
}

const fits = (directory: string) => Buffer.byteLength(join(directory, `.s.PGSQL.${PORT}`)) <= LONGEST_PATH;

function shortDirectory(cluster: string, account: Account | undefined): string {
  const uid = account?.uid ?? process.getuid?.();
  const name = `countersign-${uid}-${createHash("sha256").update(cluster).digest("hex").slice(0, 12)}`;
  // the account must get there: our TMPDIR may be private to us
  const parent = account || !fits(join(tmpdir(), name)) ? "/tmp" : tmpdir();
  const directory = join(parent, name);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch {
    const found = lstatSync(directory, { throwIfNoEntry: false });
    if (found?.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0) return directory;
    return own(mkdtempSync(join(parent, "countersign-")), account);
  }
  return own(directory, account);
}

function own(directory: string, account: Account | undefined): string {
  if (account) chownSync(directory, account.uid, account.gid);
  return directory;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("the system gave no port"));
      });
    });
  });
}
