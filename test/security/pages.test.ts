import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { createMetrics } from "../../src/observe/metrics.ts";
import { backlogMetrics } from "../../src/observe/metrics/backlog.ts";
import { processMetrics } from "../../src/observe/metrics/process.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const page = (name: string) => readFileSync(join(ROOT, name), "utf8");

test("every test and page that the threat model names is there", () => {
  const links = [...page("docs/security.md").matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
  expect(links.length).toBeGreaterThan(25);
  expect(links.filter((target) => !existsSync(join(ROOT, "docs", target)))).toEqual([]);
  // Each attack has at least one.
  const rows = page("docs/security.md")
    .split("## What they might try")[1]!
    .split("##")[0]!
    .split("\n")
    .filter((line) => /^\| (?!attack|-)/.test(line));
  expect(rows.length).toBeGreaterThan(15);
  for (const row of rows) expect(row).toContain("](../test/");
});

test("every metric is described, and every one that is described is there", async () => {
  const { registry } = createMetrics();
  backlogMetrics(registry, () => Promise.resolve(null));
  const own = new Registry();
  processMetrics(own, { parked: () => 0, pools: {}, holdsLease: () => null, version: "0" });
  const named = [...(await registry.getMetricsAsJSON()), ...(await own.getMetricsAsJSON())]
    .map(({ name }) => name)
    .filter((name) => /^(countersign|http)_/.test(name));
  const described = [...page("docs/observability.md").matchAll(/^\| `((?:countersign|http)_\w+)`/gm)].map(
    ([, name]) => name,
  );
  expect(described.sort()).toEqual(named.sort());
});
