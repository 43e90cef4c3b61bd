import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FILE, parametersText } from "../../scripts/stripe-parameters.ts";
import { ROUTES } from "../../src/mock-provider/routes.ts";

test("what the endpoints take is what the installed SDK's types say", { timeout: 60_000 }, () => {
  expect(parametersText(), "run `npx tsx scripts/stripe-parameters.ts`").toBe(readFileSync(FILE, "utf8"));
});

test("every endpoint finds what it takes", () => {
  const lines = readFileSync(FILE, "utf8")
    .split("\n")
    .map((line) => line.split(" ")[0]);
  const named = ROUTES.flatMap(({ params }) => params ?? []);
  expect(named.filter((name) => !lines.includes(name))).toEqual([]);
});
