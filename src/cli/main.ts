import { Command, CommanderError, InvalidArgumentError } from "commander";
import { replayCommand } from "../../scripts/replay/command.ts";
import { UsageError } from "../../scripts/replay/fixtures.ts";
import { ConfigError, loadConfig } from "../config.ts";
import { createLog } from "../log.ts";
import { checkpointText, makeCheckpoint, type CheckpointCommand } from "./checkpoint.ts";
import type { Target } from "./client.ts";
import { addCompletion } from "./completion.ts";
import { failureText } from "./failure.ts";
import { inboxCommand } from "./inbox-command.ts";
import { keysCommand } from "./keys.ts";
import { paint, stdout, type ExitCode } from "./output.ts";
import { policyCommand } from "./policy.ts";
import { reconcile, sinceOf } from "./reconcile.ts";
import { followTrail } from "./trail.ts";
import { headOf, verifyFile, verifyOrder } from "./verify.ts";

const write = (text: string) => stdout.write(text);

/** Ends the process with a command's own code. */
const finish = (code: ExitCode): never => process.exit(code);

// What starts parts of the service is loaded by the commands that do: the others, and whoever presses Tab, need not wait for it.
const program = new Command("countersign")
  .description("Durable orders, payments and approvals")
  .showHelpAfterError("(--help says more)")
  .exitOverride();

const DEFAULT_KEY = "ck_dev";

/** Options of every command that talks to a running service. */
const remote = (command: Command): Command =>
  command
    .option("--url <url>", "where the service is", "http://127.0.0.1:3000")
    .option("--key <key>", "API key", DEFAULT_KEY)
    .option("--json", "for machines", false);

program
  .command("serve")
  .description("start the service")
  .option("--json", "log and print for machines", false)
  .option("--role <role>", "api takes requests, worker runs workflows, all does both (ROLE)")
  .action(async ({ role }: { role?: string }) => {
    const { serve } = await import("./running.ts");
    const config = loadConfig(undefined, undefined, role === undefined ? {} : { ROLE: role });
    await serve(config, createLog(config.logLevel), write);
  });

program
  .command("demo")
  .description("start everything and drive one order through payment, approval and capture")
  .option("--exit", "end when the order has ended", false)
  .action(async ({ exit }: { exit: boolean }) => {
    const { demo } = await import("./demo.ts");
    const config = loadConfig();
    // The trail is the output; what goes wrong is still said.
    const log = createLog(config.logLevel === "info" ? "warn" : config.logLevel);
    finish(await demo(config, log, stdout, { exit }));
  });

program
  .command("migrate")
  .description("bring the database's schema up to date")
  .option("--json", "for machines", false)
  .action(async ({ json }: { json: boolean }) => {
    const { migrateConfigured } = await import("./migrate.ts");
    const applied = await migrateConfigured(loadConfig(), (text) => process.stderr.write(`${text}\n`));
    if (json) write(`${JSON.stringify({ applied })}\n`);
    else write(applied.length > 0 ? `applied ${applied.join(", ")}\n` : "the schema is up to date\n");
  });

program
  .command("reseal")
  .description("write what is stored of messages, outcomes and events with the first of PAYLOAD_KEYS")
  .option("--json", "for machines", false)
  .action(async ({ json }: { json: boolean }) => {
    const { resealAll } = await import("./reseal.ts");
    const written = await resealAll(loadConfig());
    if (json) write(`${JSON.stringify({ written })}\n`);
    else
      for (const [table, rows] of Object.entries(written))
        write(`${table.padEnd(24)} ${rows} rows written\n`);
  });

program
  .command("doctor")
  .description("check configuration, database, mail and provider: the preflight before going live")
  .option("--json", "for machines", false)
  .action(async ({ json }: { json: boolean }) => {
    const { examine } = await import("./doctor.ts");
    const checks = await examine(loadConfig(), createLog("silent"));
    const c = paint(stdout);
    if (json) write(`${JSON.stringify({ ok: checks.every((check) => check.ok), checks })}\n`);
    else
      for (const { name, ok, detail } of checks)
        write(`${ok ? c.green("✓") : c.red("✗")} ${name.padEnd(13)} ${detail}\n`);
    finish(checks.every((check) => check.ok) ? 0 : 1);
  });

program
  .command("provider")
  .description("run the bundled mock of Stripe's API alone")
  .option("--port <port>", "port to listen on", "4242")
  .option("--data-dir <dir>", "where its state is kept", ".data/provider")
  .option("--webhook-url <url>", "where its webhooks go")
  .option("--webhook-secret <secret>", "what signs them", "whsec_dev")
  .action(async (options: { port: string; dataDir: string; webhookUrl?: string; webhookSecret: string }) => {
    const { startMockProvider } = await import("../mock-provider/server.ts");
    const port = Number(options.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw new InvalidArgumentError("--port: write a port from 0 to 65535");
    const provider = await startMockProvider({
      port,
      host: "127.0.0.1",
      dataDir: options.dataDir,
      log: createLog("info"),
      ...(options.webhookUrl ? { webhook: { url: options.webhookUrl, secret: options.webhookSecret } } : {}),
    });
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      process.on(signal, () => void provider.stop().then(() => finish(0)));
    write(`${provider.url}\nready\n`);
  });

remote(
  program.command("trail").argument("<order>", "the order's id").description("print an order's audit trail"),
)
  .option("--follow", "go on until the trail is closed", false)
  .action(async (orderId: string, options: Target & { follow: boolean; json: boolean }) => {
    finish(await followTrail({ ...options, orderId, color: stdout.color, write }));
  });

remote(
  program
    .command("verify")
    .argument("<what>", "an exported file, or an order's id")
    .description(
      "prove a trail; a file is proven offline. --key is then a file with the public key that signed the checkpoints",
    ),
)
  .option("--head <hash>", "a hash that has to be in it, such as the head of another day")
  .option(
    "--checkpoint <path>",
    "hold it to checkpoints: a file, a directory or a proof; may be given again",
    (path: string, before: string[]) => [...before, path],
    [],
  )
  .action(async (what: string, options: Target & { json: boolean; head?: string; checkpoint: string[] }) => {
    const { head, checkpoint, key } = options;
    const offline = {
      checkpoints: checkpoint,
      ...(head === undefined ? {} : { head: headOf(head) }),
      ...(key === DEFAULT_KEY ? {} : { keyFile: key }),
    };
    const verdict = /^ord_[0-9a-z]{26}$/.test(what)
      ? await verifyOrder({ ...options, orderId: what })
      : await verifyFile(what, offline);
    write(options.json ? `${JSON.stringify(verdict.result)}\n` : `${verdict.message}\n`);
    finish(verdict.code);
  });

remote(program.command("checkpoint").description("make a signed checkpoint of all trails now"))
  .option("--sweep", "compare all orders, not only those written to lately", false)
  .option("--accept-new-key", "go on with a new key because the former one is lost", false)
  .action(async (options: CheckpointCommand & { json: boolean }) => {
    const made = await makeCheckpoint(options);
    write(options.json ? `${JSON.stringify(made)}\n` : `${checkpointText(made)}\n`);
  });

remote(program.command("reconcile").description("compare open and recent orders with the provider"))
  .option("--since <when>", "orders changed since: 3d, 12h, 30m, or an RFC 3339 time", "3d")
  .option(
    "--all-events",
    "first take in the provider's events since then, as after a restore from a backup",
    false,
  )
  .action(async (options: Target & { since: string; json: boolean; allEvents: boolean }) => {
    const since = sinceOf(options.since, new Date());
    if (!since)
      throw new UsageError(
        `--since: write 3d, 12h, 30m or a time such as 2026-01-31T00:00:00Z, not ${options.since}`,
      );
    finish(await reconcile(options, since, stdout, options));
  });

program.addCommand(replayCommand().exitOverride());
program.addCommand(policyCommand(finish));

program.addCommand(inboxCommand(remote));
program.addCommand(keysCommand(remote));
addCompletion(program);

try {
  await program.parseAsync();
} catch (error) {
  // Commander has said what is wrong with the call, and ends with 0 after --help.
  if (error instanceof CommanderError) finish(error.exitCode === 0 ? 0 : 2);
  console.error(failureText(error));
  finish(error instanceof ConfigError || error instanceof UsageError ? 2 : 1);
}
