import { parseEnv } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { PAGES, README, snippetsOf, type Snippet } from "./snippets.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

/** What cannot be run here, by its page and first line, and why; where it is run instead, if it is. */
const NOT_RUN: Record<string, string> = {
  "README.md: npm ci && npm run demo":
    "it installs and goes on for ever; test/package/newcomer.test.ts has the demo of an installed package",
  "README.md: npm ci && npm test": "that is this run",
  "README.md: npm run replay -- fixtures/webhooks":
    "it wants a service of its own; test/e2e/replay.test.ts has one",
  "README.md: npm run provider -- --port 4343 --data-dir .data/rehearsal   # in a terminal of its own":
    "it goes on for ever; test/cli/doctor.test.ts rehearses with a second provider",
  "docs/archive.md: ARCHIVE_AFTER_DAYS=400 npm start":
    "it goes on for ever; test/archive starts a service with it",
  'docs/audit.md: curl -H "Authorization: Bearer KEY" "https://orders.example.com/v1/orders/ORDER/audit?format=ndjson" > trail.ndjson':
    "its checkpoints and keys are copies elsewhere; test/http/audit-checkpoints.test.ts does all of it",
  'docs/audit.md: import { createHash, verify } from "node:crypto";':
    "test/audit/docs.test.ts runs it, also on altered files",
  "docs/deploy.md: docker build -t countersign .":
    "there is no Docker here; test/deploy reads the files that it uses",
  "docs/deploy.md: kubectl create secret generic countersign --from-env-file=countersign.env":
    "there is no Kubernetes here; test/deploy holds the manifests to its schemas",
  "docs/inbox.md: npx countersign inbox export --order ord_… --out incident      # with a key of role finance or admin":
    "its second half wants another installation; test/e2e/inbox-replay.test.ts has one",
  "docs/observability.md: npm install @opentelemetry/sdk-trace-node @opentelemetry/exporter-trace-otlp-http @opentelemetry/resources":
    "it would install into what all tests use; test/observe/one-order.test.ts uses these packages",
  "docs/providers.md: npx tsx scripts/standard-provider.ts        # prints the line that starts the service with it":
    "it goes on for ever; test/payments starts a service with it",
  'docs/webhooks.md: import { createServer } from "node:http";':
    "test/outbound/catalogue.test.ts runs it as a receiver",
};

const RUN = new Set(["sh", "ts", "js", "json", "dotenv"]);

const nameOf = ({ page, text }: Snippet): string => `${page}: ${text.split("\n", 1)[0]}`;
const all = [...PAGES, README].flatMap(snippetsOf);
const pages = [...new Set(all.map(({ page }) => page))];
const runnable = (page: string, language: string): Snippet[] =>
  all.filter(
    (snippet) => snippet.page === page && snippet.language === language && !(nameOf(snippet) in NOT_RUN),
  );

let service: TestService;
let terminal: Terminal;
let names: Record<string, string>;

beforeAll(async () => {
  service = await startTestService();
  const order = await service.create({ reference: "PO-DOCS" });
  await service.pay(order);
  await service.reached(order.id, "completed");
  const webhooks = await service.call<{ data: { id: string }[] }>(
    "GET",
    `/v1/webhooks/inbox?order_id=${order.id}`,
  );
  const key = await service.call<{ id: string }>("POST", "/v1/api-keys", { role: "viewer" });
  // What a reader puts in the place of an example's ids.
  names = { "ord_…": order.id, "whi_…": webhooks.body.data[0]!.id, "key_…": key.body.id };
  terminal = await openTerminal(service.url, { ORDER: order.id });
});
afterAll(async () => {
  await terminal.close();
  await service.end();
});

const here = (text: string): string =>
  Object.entries({ ...names, "http://127.0.0.1:3000": service.url }).reduce(
    (changed, [from, to]) => changed.replaceAll(from, to),
    text,
  );

test("the list of what is not run names nothing that is not there", () => {
  const known = new Set(all.map(nameOf));
  expect(Object.keys(NOT_RUN).filter((name) => !known.has(name))).toEqual([]);
  const unknown = all.filter(
    ({ language }) => language === "bash" || language === "shell" || language === "typescript",
  );
  expect(unknown.map(nameOf)).toEqual([]);
  expect(all.filter(({ language }) => RUN.has(language)).length).toBeGreaterThan(20);
});

test("a command that fails is found", async () => {
  expect((await terminal.sh("npx countersign policy check nowhere.yaml")).code).toBe(1);
  expect((await terminal.sh("npx countersign nonsense | cat")).code).toBe(2);
  expect((await terminal.ts("throw new Error('broken')")).code).toBe(1);
}, 60_000);

test.each(pages.filter((page) => runnable(page, "sh").length > 0))(
  "the commands of %s do what they say",
  async (page) => {
    const script = runnable(page, "sh").map(({ text }) => here(text));
    const ran = await terminal.sh(script.join("\n"));
    expect(ran.code, ran.output).toBe(0);
    // curl is content with whatever it is answered.
    if (page === README) expect(ran.output).toContain('"object":"order"');
  },
  60_000,
);

test.each(pages.filter((page) => runnable(page, "ts").length > 0))(
  "the program of %s runs",
  async (page) => {
    const program = runnable(page, "ts").map(({ text }) => here(text));
    const ran = await terminal.ts(['import { pay } from "./examples/people.ts";', ...program].join("\n"));
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).toContain("valid: true");
  },
  60_000,
);

test("every JSON in the pages is JSON, and nothing else is left", () => {
  for (const snippet of pages.flatMap((page) => runnable(page, "json"))) {
    // Above it may stand the request that it belongs to, and below it what else is answered.
    const parts = snippet.text
      .split(/^(?:GET|POST|PATCH|DELETE|HTTP|\d{3}) .*$|^\d{3}$|\n{2,}/m)
      .filter((part) => part.trim());
    for (const part of parts)
      expect(() => JSON.parse(part) as unknown, `${nameOf(snippet)}\n${part}`).not.toThrow();
  }
  expect(pages.flatMap((page) => runnable(page, "js")).map(nameOf)).toEqual([]);
});

test("the settings of the pages are accepted in production", () => {
  const settings = pages.flatMap((page) => runnable(page, "dotenv"));
  expect(settings).toHaveLength(1);
  for (const { text } of settings)
    expect(loadConfig(parseEnv(text) as Record<string, string>, "/")).toMatchObject({ production: true });
});
