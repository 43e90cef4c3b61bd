import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";
import { DEPLOY, hasPrometheus, promtool, startPrometheus } from "./prometheus.ts";
import { samples, type Samples } from "./samples.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service?.end());

const scrape = async (): Promise<Samples> => samples((await service.call<string>("GET", "/metrics")).body);

test("one approved order is told from its creation to its end", async () => {
  const order = await service.create({ amount: 200_000 });
  await service.pay(order);
  await service.reached(order.id, "awaiting_approval");
  const mail = await service.mail("finance@example.com");
  expect((await service.decide(mail.links[0]!, "approve")).status).toBe(200);
  await service.reached(order.id, "completed");
  const told = await service.until(
    scrape,
    (now) => now.of("countersign_orders_ended_total", { status: "completed" }) === 1,
  );

  expect(told.of("countersign_orders_created_total")).toBe(1);
  expect(told.of("countersign_order_duration_seconds_count", { status: "completed" })).toBe(1);
  expect(told.of("countersign_approvals_opened_total")).toBe(1);
  expect(told.of("countersign_approval_duration_seconds_count", { status: "approved" })).toBe(1);
  expect(told.of("countersign_link_decision_duration_seconds_count")).toBe(1);
  expect(
    told.of("countersign_provider_call_duration_seconds_count", { operation: "capture", outcome: "ok" }),
  ).toBe(1);
  expect(told.of("countersign_effects_total", { effect: "capture", outcome: "done" })).toBe(1);
  expect(told.of("countersign_mail_duration_seconds_count", { outcome: "accepted" })).toBeGreaterThanOrEqual(
    2,
  );
  expect(
    told.of("countersign_webhooks_received_total", { provider: "stripe", state: "routed", result: "new" }),
  ).toBeGreaterThanOrEqual(1);
  expect(
    told.of("countersign_webhook_intake_duration_seconds_count", { provider: "stripe" }),
  ).toBeGreaterThanOrEqual(1);
  expect(
    told.of("countersign_transition_duration_seconds_count", { workflow: "order" }),
  ).toBeGreaterThanOrEqual(3);
  expect(told.of("countersign_lease_held")).toBe(1);
  expect(told.of("countersign_backlog_up")).toBe(1);
});

test("what waits is counted by what it is", async () => {
  const order = await service.create();
  const open = await service.until(
    scrape,
    (now) => now.of("countersign_orders_open", { status: "awaiting_payment" }) === 1,
  );
  expect(open.of("countersign_workflows_pending", { state: "pending" })).toBe(1);
  expect(open.of("countersign_orders_open", { status: "authorized" })).toBe(0);
  await service.call("POST", `/v1/orders/${order.id}/cancel`, {});
  await service.reached(order.id, "cancelled");
  const after = await service.until(
    scrape,
    (now) => now.of("countersign_orders_open", { status: "awaiting_payment" }) === 0,
  );
  expect(after.of("countersign_orders_ended_total", { status: "cancelled" })).toBe(1);
});

test("a webhook with a bad signature is counted, and no path is a label", async () => {
  await fetch(`${service.url}/webhooks/stripe`, {
    method: "POST",
    headers: { "stripe-signature": "t=1,v1=00" },
    body: "{}",
  });
  await fetch(`${service.url}/a/not-a-token-but-secret-all-the-same`);
  const text = (await service.call<string>("GET", "/metrics")).body;
  expect(samples(text).of("countersign_webhook_signature_failures_total", { provider: "stripe" })).toBe(1);
  expect(text).not.toContain("secret-all-the-same");
});

test("names and labels are as Prometheus has them", async () => {
  const text = (await service.call<string>("GET", "/metrics")).body;
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => ({
    name,
    type,
  }));
  const ours = types.filter(({ name }) => /^(countersign|http)_/.test(name));
  expect(ours.length).toBeGreaterThan(30);
  for (const { name, type } of ours) {
    if (type === "counter") expect(name).toMatch(/_total$/);
    else expect(name).not.toMatch(/_total$|_count$/);
    if (type === "histogram") expect(name).toMatch(/_(seconds|size)$/);
    expect(name).not.toMatch(/_(ms|milliseconds|minutes)(_|$)/);
  }
  // Ids would make a series of each order.
  expect(text).not.toMatch(/(ord|apr|req|whi|evt|pi|cs)_[0-9a-zA-Z]{14,}/);
});

/** Every metric that a rule or a panel reads. */
function metricsIn(text: string): string[] {
  const names = text.match(/\b(countersign|http|nodejs|process)_[a-z0-9_]+/g) ?? [];
  return [...new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, "")))];
}

test("every metric in the alerts and on the dashboard is one that is served", async () => {
  const text = (await service.call<string>("GET", "/metrics")).body;
  const served = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  const rules = readFileSync(join(DEPLOY, "alerts.yaml"), "utf8")
    .match(/^ +expr: .*$/gm)!
    .join();
  const dashboard = JSON.parse(readFileSync(resolve(DEPLOY, "../grafana/countersign.json"), "utf8")) as {
    panels: { targets?: { expr: string }[] }[];
  };
  const panels = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join();
  expect(metricsIn(rules).length).toBeGreaterThan(15);
  expect(served).toEqual(expect.arrayContaining(metricsIn(rules + panels)));
  const ours = served.filter((name) => name?.startsWith("countersign_"));
  expect(metricsIn(panels), "what we serve is on the dashboard").toEqual(expect.arrayContaining(ours));
});

if (!hasPrometheus)
  console.log("Prometheus is not installed (Debian: apt-get install prometheus): its tests are skipped");

test.skipIf(!hasPrometheus)("the alerts are valid, and each fires when it should and only then", () => {
  expect(promtool("check", "config", "prometheus.yaml")).toMatchObject({ ok: true });
  expect(promtool("check", "rules", "alerts.yaml")).toMatchObject({ ok: true });
  expect(promtool("test", "rules", "alerts.test.yaml")).toMatchObject({ ok: true });
  const text = (name: string) => readFileSync(join(DEPLOY, name), "utf8");
  const cases = text("alerts.test.yaml");
  for (const [, alert] of text("alerts.yaml").matchAll(/alert: (\w+)/g))
    for (const what of ["fires", "keeps quiet"]) expect(cases).toContain(`name: ${alert} ${what}`);
});

test.skipIf(!hasPrometheus)("what is served is well-formed to promtool", async () => {
  const text = (await service.call<string>("GET", "/metrics")).body;
  const { status, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
  // It finds fault with names of Node's own metrics, which are not ours to choose.
  const ours = stderr.split("\n").filter((line) => /^(countersign|http)_/.test(line));
  expect(ours).toEqual([]);
  expect(status).not.toBe(1);
});

test.skipIf(!hasPrometheus)("a Prometheus scrapes the service and finds one driven order", async () => {
  const prometheus = await startPrometheus(service.url);
  try {
    const order = await service.create();
    await service.pay(order);
    await service.reached(order.id, "completed");
    await service.until(
      () => prometheus.value('countersign_orders_ended_total{job="countersign",status="completed"}'),
      (ended) => ended !== undefined && ended >= 1,
    );
    expect(await prometheus.value('up{job="countersign"}')).toBe(1);
    expect(await prometheus.value("countersign_build_info")).toBe(1);
    const { groups } = await service.until(
      () =>
        prometheus.ask<{ groups: { rules: { name: string; health: string; state: string }[] }[] }>("rules"),
      (now) => now.groups.every(({ rules }) => rules.every(({ health }) => health !== "unknown")),
    );
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(15);
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
    expect(rules.filter(({ state }) => state === "firing")).toEqual([]);
  } finally {
    await prometheus.stop();
  }
});
