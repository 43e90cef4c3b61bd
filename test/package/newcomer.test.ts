import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientOf } from "../helpers/service.ts";
import { freePort } from "../helpers/process.ts";
import { hasPrometheus, startPrometheus } from "../observe/prometheus.ts";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");

/** An empty folder, in which somebody installs the package. */
let folder: string;
let demo: ChildProcess | null = null;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-newcomer-"));
});
afterAll(async () => {
  if (demo?.exitCode === null) {
    process.kill(-(demo.pid ?? 0), "SIGTERM");
    await once(demo, "close");
  }
  await rm(folder, { recursive: true, force: true });
});

/** What they write first: an order of their own, followed to its end. */
const PROGRAM = `
import { Countersign } from "countersign/client";
const countersign = new Countersign({ baseUrl: process.env.URL, apiKey: "ck_dev" });
const order = await countersign.orders.create({
  reference: "PO-first", amount: 125000, currency: "usd",
  payment: { mode: "confirm", payment_method: "pm_card_visa" },
});
console.log(order.id);
const result = await countersign.events.wait(order.id, "result", { timeout_ms: 120000 });
console.log(JSON.stringify(result));
`;

test(
  "an empty folder, the package, the demo, an own order, an approval, a proven trail, and metrics",
  { timeout: 300_000 },
  async () => {
    await run("npm", ["pack", "--pack-destination", folder], { cwd: ROOT });
    const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz")) ?? "";
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
    await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", `./${tarball}`], {
      cwd: folder,
    });

    const [port, providerPort] = [await freePort(), await freePort()];
    const url = `http://127.0.0.1:${port}`;
    const env = { ...process.env, PORT: String(port), PROVIDER_PORT: String(providerPort), NO_COLOR: "1" };
    // A group of its own: npx does not hand signals on to what it runs.
    demo = spawn("npx", ["countersign", "demo"], {
      ...{ cwd: folder, env, detached: true },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const said: string[] = [];
    for await (const line of createInterface(demo.stdout!)) {
      said.push(line);
      if (line.startsWith("Try next")) break;
    }
    expect(said.join("\n")).toMatch(/✓ ord_\w+ is completed: 1,250\.00 USD captured once/);
    demo.stdout?.resume();

    await writeFile(join(folder, "first.js"), PROGRAM);
    const program = run(process.execPath, ["first.js"], { cwd: folder, env: { ...env, URL: url } });
    const person = clientOf(url, `http://127.0.0.1:${providerPort}`);
    const mail = await person.mail("finance@example.com", ({ subject }) => subject.includes("PO-first"));
    expect((await person.decide(mail.links[0] ?? "", "approve")).status).toBe(200);
    const [id = "", result = ""] = (await program).stdout.trim().split("\n");
    expect(JSON.parse(result)).toMatchObject({ status: "completed", amount_captured: 125_000 });

    const verified = await run("npx", ["countersign", "verify", id, "--url", url, "--json"], { cwd: folder });
    expect(JSON.parse(verified.stdout)).toMatchObject({ valid: true });

    if (!hasPrometheus) {
      console.log("not scraped: Debian's package prometheus is not installed");
      return;
    }
    const prometheus = await startPrometheus(url);
    try {
      await person.until(
        () => prometheus.value('sum(countersign_orders_ended_total{status="completed"})'),
        (ended) => ended === 2,
        20_000,
      );
    } finally {
      await prometheus.stop();
    }
  },
);
