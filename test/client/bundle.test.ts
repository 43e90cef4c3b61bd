import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildClient } from "../../scripts/build/client.ts";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");

/** An empty project in which the package is installed as npm would leave it. */
let project: string;
const built = (): string => join(project, "node_modules/countersign/dist/client");

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "countersign-client-"));
  const installed = join(project, "node_modules/countersign");
  await mkdir(installed, { recursive: true });
  await buildClient(built());
  await symlink(join(ROOT, "package.json"), join(installed, "package.json"));
  // Of the package's dependencies its types need this one alone.
  await symlink(join(ROOT, "node_modules/zod"), join(project, "node_modules/zod"));
});
afterAll(() => rm(project, { recursive: true, force: true }));

test("it is one module that imports nothing, below 20 kB as it is sent", async () => {
  const code = await readFile(join(built(), "index.js"));
  expect(code.toString()).not.toMatch(/^\s*import\b|\bimport\(|\brequire\(|\bprocess\.|\bBuffer\b|\bnode:/m);
  expect(gzipSync(code).length).toBeLessThan(20_000);
});

test("it needs nothing that a browser does not have", async () => {
  const code = await readFile(join(built(), "index.js"), "utf8");
  const [body = "", exported = ""] = code.split(/^export \{/m);
  expect(exported).toContain("Countersign");
  const asked: string[] = [];
  const browser = {
    ...{
      AbortController,
      AbortSignal,
      DOMException,
      Headers,
      TextDecoder,
      TextEncoder,
      URL,
      URLSearchParams,
    },
    ...{ atob, crypto, setTimeout, clearTimeout },
    fetch: (url: string) => Promise.resolve((asked.push(url), Response.json({ status: "ok" }))),
  };
  const answer: unknown = await runInNewContext(
    `${body}; new Countersign({ baseUrl: "https://orders.example.com/", apiKey: "ck_dev" }).health()`,
    browser,
  );
  expect(answer).toEqual({ status: "ok" });
  expect(asked).toEqual(["https://orders.example.com/healthz"]);
});

test("a project that installed it is told by its types what is right and what is wrong", async () => {
  await writeFile(
    join(project, "right.ts"),
    `import { Countersign, verifyWebhook } from "countersign/client";
     const countersign = new Countersign({ baseUrl: "http://127.0.0.1:3000", apiKey: "ck_dev" });
     export async function right(): Promise<number> {
       const order = await countersign.orders.create({ reference: "PO-1", amount: 1, currency: "usd" });
       await countersign.orders.send(order.id, "fulfilment", { sku: "lap-14" });
       const event = await verifyWebhook({ headers: {}, body: "" }, "whsec_");
       if (event.type === "order.completed") return event.data.amount;
       for await (const entry of countersign.audit.follow(order.id)) if (entry.seq > 3) break;
       return (await countersign.events.wait(order.id, "result")).amount_captured;
     }`,
  );
  await writeFile(
    join(project, "wrong.ts"),
    `import { Countersign } from "countersign/client";
     const countersign = new Countersign({ baseUrl: "http://127.0.0.1:3000", apiKey: "ck_dev" });
     void countersign.orders.create({ reference: "PO-1", amount: "1", currency: "usd" });
     void countersign.orders.send("ord_1", "fulfilment", { quantity: 2 });
     void countersign.events.wait("ord_1", "results");`,
  );
  const options = {
    ...{ target: "es2022", module: "nodenext", strict: true, exactOptionalPropertyTypes: true, noEmit: true },
    ...{ lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"], types: [], skipLibCheck: true },
  };
  await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
  await writeFile(join(project, "package.json"), '{"type": "module"}');
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const { stdout } = await run(process.execPath, [tsc, "--pretty", "false"], { cwd: project }).catch(
    (error: { stdout: string }) => error,
  );
  const errors = stdout.split("\n").filter((line) => line.includes("error TS"));
  expect(errors.map((line) => line.slice(0, line.indexOf(",")))).toEqual([
    "wrong.ts(3",
    "wrong.ts(4",
    "wrong.ts(5",
  ]);
});
