import { expect, test } from "vitest";
import { MESSAGES, type Topic } from "../../src/contract/orders.ts";
import { OPERATIONS } from "../../src/contract/openapi.ts";
import { PAGES, snippetsOf } from "./snippets.ts";

/** A request as the pages write it: its line, and the body below it if there is one. */
const REQUEST =
  /^(GET|POST|PATCH|DELETE) (\/\S+)\n(\{[\s\S]*?^\}|\{.*\}|\{[\s\S]*?\}$)?(?=\n\d{3}$|\n\n|\n*$)/gm;

const requests = PAGES.flatMap(snippetsOf)
  .filter(({ language }) => language === "json")
  .flatMap(({ page, text }) =>
    [...text.matchAll(REQUEST)].map(([, method = "", target = "", body]) => ({
      what: `${page}: ${method} ${target}`,
      operation: OPERATIONS.find(
        (operation) =>
          operation.method.toUpperCase() === method &&
          new RegExp(`^${operation.path.replace(/\{\w+\}/g, "[^/]+")}$`).test(target.split("?", 1)[0] ?? ""),
      ),
      body:
        method === "GET" || body === undefined ? undefined : (JSON.parse(body) as Record<string, unknown>),
    })),
  );

test("every request that the pages show is to an operation that there is, with a body that it takes", () => {
  expect(requests.length).toBeGreaterThan(8);
  for (const { what, operation, body } of requests) {
    expect(operation, what).toBeDefined();
    if (body === undefined) continue;
    expect(operation?.body?.safeParse(body).error, what).toBeUndefined();
    const topic = body["topic"];
    if (typeof topic === "string")
      expect(MESSAGES[topic as Topic].safeParse(body["message"]).error, what).toBeUndefined();
  }
});
