import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { freePort } from "../helpers/process.ts";

const run = promisify(execFile);
const POSTFIX = "/usr/sbin/postfix";

/** Null, and a printed reason, where postfix cannot be started. */
export function postfixMissing(): string | null {
  const reason = !existsSync(POSTFIX)
    ? `${POSTFIX} is missing; apt-get install postfix`
    : process.getuid?.() !== 0
      ? "postfix starts as root alone"
      : null;
  if (reason !== null) console.warn(`tests with postfix are skipped: ${reason}`);
  return reason;
}

/** Debian's postfix with a configuration, queue and port of its own. */
export interface Postfix {
  url: string;
  /** What it answers to some recipients before it takes their mail, such as `450 4.2.0 Not now`; everybody else is taken. */
  answers: Map<string, string>;
  /** What it wrote so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

/** `routes`: by domain, the port on this machine where its mail goes to; everything else goes to `relayPort`. */
export async function startPostfix(relayPort: number, routes: Record<string, number> = {}): Promise<Postfix> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-postfix-"));
  const inFolder = (name: string) => join(folder, name);
  // Its daemons run as a user of their own.
  await chmod(folder, 0o755);
  await Promise.all(["queue", "data", "log"].map((name) => mkdir(inFolder(name))));
  await run("chown", ["postfix", inFolder("data")]);
  const [port, policy] = await Promise.all([freePort(), startPolicy()]);
  const to = (at: number) => `smtp:[127.0.0.1]:${at}`;
  await writeFile(
    inFolder("transport"),
    Object.entries(routes)
      .map(([domain, at]) => `${domain} ${to(at)}\n`)
      .join(""),
  );
  await writeFile(inFolder("main.cf"), mainOf(folder, to(relayPort), policy.port));
  await writeFile(inFolder("master.cf"), masterOf(port));
  await run(POSTFIX, ["-c", folder, "start"]);
  return {
    url: `smtp://127.0.0.1:${port}`,
    answers: policy.answers,
    log: () => readFile(inFolder("log/maillog"), "utf8"),
    async stop() {
      // `stop` asks; `abort` also ends what does not listen.
      await run(POSTFIX, ["-c", folder, "abort"]).catch(() => undefined);
      policy.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const mainOf = (folder: string, relay: string, policyPort: number): string => `
compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
maillog_file = ${folder}/log/maillog
maillog_file_prefixes = ${folder}/log
myhostname = mx.example.net
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
local_recipient_maps =
recipient_delimiter = +
default_transport = ${relay}
transport_maps = texthash:${folder}/transport
disable_dns_lookups = yes
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:${policyPort}, permit_mynetworks, reject
# Everything that takes minutes and hours takes seconds, and a mail that is late is told at once.
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
delay_warning_time = 1s
smtp_connect_timeout = 5s
`;

const masterOf = (port: number): string => `
127.0.0.1:${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

/** Says of each recipient what postfix shall answer (https://www.postfix.org/SMTPD_POLICY_README.html). */
async function startPolicy() {
  const answers = new Map<string, string>();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    let recipient = "";
    createInterface(socket).on("line", (line) => {
      if (line.startsWith("recipient=")) recipient = line.slice("recipient=".length);
      else if (line === "") socket.write(`action=${answers.get(recipient) ?? "dunno"}\n\n`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => void server.close();
  return { answers, port: (server.address() as AddressInfo).port, stop };
}
