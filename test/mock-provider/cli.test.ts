import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBench, type Bench } from "./provider.ts";

const run = promisify(execFile);
const TOOLS = join(import.meta.dirname, "../../.tools");

/** The official CLI, installed on demand outside the lockfile; null with a reason when the package cannot be had. */
function stripeCli(): string | null {
  const find = () => {
    const home = join(TOOLS, "node_modules/@stripe");
    const platform = existsSync(home) ? readdirSync(home).find((each) => each.startsWith("cli-")) : undefined;
    const binary =
      platform && join(home, platform, "bin", process.platform === "win32" ? "stripe.exe" : "stripe");
    return binary && existsSync(binary) ? binary : null;
  };
  const known = find();
  if (known) return known;
  const done = spawnSync("npm", ["install", "--no-save", "--prefix", TOOLS, "@stripe/cli@1.52.0"], {
    encoding: "utf8",
    timeout: 60_000,
  });
  const installed = find();
  if (!installed)
    console.log(
      `skipped: the Stripe CLI cannot be installed here (${done.stderr?.trim().split("\n").at(-1) ?? "no npm"})`,
    );
  return installed;
}
const cli = stripeCli();

describe.skipIf(cli === null)("the official Stripe CLI", () => {
  let bench: Bench;
  const home = mkdtempSync(join(tmpdir(), "stripe-cli-"));
  beforeAll(async () => {
    bench = await openBench();
  });
  afterAll(() => bench?.stop());

  const stripe = (...args: string[]) =>
    run(cli ?? "", [...args, "--api-base", bench.provider.url, "--api-key", "sk_test_mock"], {
      env: { PATH: process.env["PATH"], HOME: home, STRIPE_CLI_TELEMETRY_OPTOUT: "1" },
      timeout: 25_000,
    });

  const TRIGGERS = [
    "payment_intent.created",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.canceled",
    "payment_intent.amount_capturable_updated",
    "payment_intent.processing",
    "charge.succeeded",
    "charge.failed",
    "charge.captured",
    "charge.refunded",
    "charge.refund.updated",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "coupon.created",
    "coupon.deleted",
    "coupon.updated",
    "customer.created",
    "customer.deleted",
    "customer.updated",
    "customer.discount.created",
    "customer.discount.deleted",
    "customer.discount.updated",
    "customer.source.created",
    "customer.source.updated",
    "payment_method.attached",
    "payment_method.detached",
    "payment_method.updated",
    "product.created",
    "product.deleted",
    "product.updated",
    "price.created",
    "price.updated",
    "setup_intent.canceled",
    "setup_intent.created",
    "setup_intent.requires_action",
    "setup_intent.setup_failed",
    "setup_intent.succeeded",
  ] as const;

  test("triggers every event of these resources", { timeout: 60_000 }, async () => {
    const failed: string[] = [];
    const queue = [...TRIGGERS];
    const work = async () => {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        const { stdout } = await stripe("trigger", event).catch((error: { stderr?: string }) => ({
          stdout: `failed ${error.stderr ?? ""}`,
        }));
        if (!stdout.includes("Trigger succeeded!")) failed.push(`${event}: ${stdout}`);
      }
    };
    await Promise.all([work(), work(), work()]);
    expect(failed).toEqual([]);
    await bench.mock("/clock", { advance_s: 10 });
    const missing = () => TRIGGERS.filter((type) => !bench.sink.types().includes(type));
    await bench.sink.until(() => missing().length === 0).catch(() => undefined);
    expect(missing()).toEqual([]);
  });

  test("lists and resends events", async () => {
    const payment = await bench.stripe.paymentIntents.create({ amount: 2_000, currency: "usd" });
    const [event] = (await bench.stripe.events.list({ limit: 1 })).data;
    const { stdout } = await stripe(
      "events",
      "resend",
      event?.id ?? "",
      "--webhook-endpoint",
      "we_countersign",
    );
    expect(stdout).toContain(event?.id);
    await bench.sink.until(() => bench.sink.types(payment.id).length === 2);
    expect((await stripe("payment_intents", "list", "--limit", "1")).stdout).toContain(payment.id);
  });
});
