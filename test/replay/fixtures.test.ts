import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { PLAYS } from "../../scripts/replay/recording.ts";
import { readScenarios } from "../../scripts/replay/fixtures.ts";
import { createOrder } from "../../src/contract/orders.ts";
import { readEvent } from "../../src/payments/stripe/events.ts";

const FIXTURES = resolve(import.meta.dirname, "../../fixtures");
const names = (folder: string) =>
  readdirSync(join(FIXTURES, folder)).map((name) => name.replace(/\.json$/, ""));

test("every scenario has an order, webhooks, and a way to record them", () => {
  const scenarios = names("scenarios").sort();
  expect(names("orders").sort()).toEqual(scenarios);
  expect(names("webhooks").sort()).toEqual(scenarios);
  expect(Object.keys(PLAYS).sort()).toEqual(scenarios);
});

test("every order is one that the API takes", () => {
  for (const name of names("orders")) {
    const json: unknown = JSON.parse(readFileSync(join(FIXTURES, "orders", `${name}.json`), "utf8"));
    expect(createOrder.safeParse(json).error?.issues ?? [], name).toEqual([]);
  }
});

test("every webhook is understood, and no event occurs twice", async () => {
  const scenarios = await readScenarios([FIXTURES]);
  const events = scenarios.flatMap(({ webhooks }) =>
    webhooks.map(({ file, text }) => {
      const filled = text.replaceAll(/\{\{(\w+)\}\}/g, "$1");
      return { file, ...readEvent(Buffer.from(filled)) };
    }),
  );
  expect(events.filter(({ meaning }) => meaning.kind === "incomprehensible")).toEqual([]);
  for (const { file, type } of events) expect(file).toMatch(new RegExp(`/\\d\\d-${type}\\.json$`));
  expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(events.length);
});

test("scenarios are found by directory, by file and by their webhooks", async () => {
  const found = async (...paths: string[]) =>
    (await readScenarios(paths.map((path) => join(FIXTURES, path)))).map(({ name }) => name);
  const all = names("scenarios").sort();
  expect(await found(".")).toEqual(all);
  expect(await found("scenarios")).toEqual(all);
  expect(await found("webhooks")).toEqual(all);
  expect(await found("webhooks/paid", "scenarios/paid.json")).toEqual(["paid"]);
});

test("a webhook without an order is refused in words that help", async () => {
  const file = join(FIXTURES, "webhooks/paid/04-payment_intent.succeeded.json");
  await expect(readScenarios([file])).rejects.toThrow("--order");
  await expect(readScenarios([join(FIXTURES, "nowhere")])).rejects.toThrow("does not exist");
  const [given] = await readScenarios([file], { order: true });
  expect(given?.webhooks.map((webhook) => webhook.file)).toEqual(["paid/04-payment_intent.succeeded.json"]);
});
