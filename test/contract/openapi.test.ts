import { createConfig, lintFromString } from "@redocly/openapi-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApi } from "../../src/contract/openapi.ts";
import { startTestService, type TestService } from "../helpers/service.ts";
import { answersOf, type Described, type Document } from "./document.ts";
import { rightRequests, type Right } from "./right.ts";
import { wrongBodies, wrongValues, type Wrong } from "./wrong.ts";

/** Operations without a right request here, and where they are tried instead. */
const ELSEWHERE: Record<string, string> = {
  "GET /v1/changes": "it does not end: test/http/changes.test.ts",
  "GET /console/session": "it goes by a cookie: test/http/console-session.test.ts",
  "POST /console/session": "it sets a cookie: test/http/console-session.test.ts",
  "POST /console/session/tenant": "it goes by a cookie: test/http/console-session.test.ts",
  "DELETE /console/session": "it goes by a cookie: test/http/console-session.test.ts",
  "POST /console/sign-in": "it mails a link: test/http/console-session.test.ts",
  "POST /webhooks/{provider}": "its body is the provider's, and signed: test/inbox and test/payments",
};

let service: TestService;
let document: Document;
let right: Record<string, Right>;
let departures: ReturnType<typeof answersOf>;
const operations: [name: string, described: Described][] = [];

beforeAll(async () => {
  service = await startTestService();
  document = (await (await fetch(`${service.url}/openapi.json`)).json()) as Document;
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, described] of Object.entries(methods))
      operations.push([`${method.toUpperCase()} ${path}`, described]);
  right = await rightRequests(service);
  departures = answersOf(document);
});
afterAll(() => service.end());

interface Sent {
  method: string;
  path: string;
  query?: Record<string, string>;
  body?: string;
  headers?: Record<string, string>;
}

let keys = 0;

/** Sends it, and holds whatever is answered to the document. */
async function send(described: Described, { method, path, query, body, headers }: Sent) {
  const response = await fetch(
    `${service.url}${path}${query ? `?${new URLSearchParams(query).toString()}` : ""}`,
    {
      method,
      headers: {
        ...(described.security?.length === 0 ? {} : { authorization: "Bearer ck_dev" }),
        ...(described.parameters.some((p) => p.in === "header")
          ? { "idempotency-key": `contract-${keys++}` }
          : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    },
  );
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  return { status: response.status, faults: departures(described, response.status, type, text) };
}

const sentBy = (name: string, { path, query, body }: Right): Sent => ({
  method: name.split(" ", 1)[0] ?? "GET",
  path,
  ...(query ? { query } : {}),
  ...(body ? { body: JSON.stringify(body) } : {}),
});

test("the document is valid, and follows the rules of its linter", async () => {
  const source = JSON.stringify(openApi("https://orders.countersign.test"));
  const problems = await lintFromString({
    source,
    config: await createConfig({ extends: ["recommended-strict"] }),
  });
  expect(
    problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`),
  ).toEqual([]);
});

test("every operation has a right request here, or is tried elsewhere", () => {
  const names = operations.map(([name]) => name).filter((name) => !(name in ELSEWHERE));
  expect(names.filter((name) => !right[name])).toEqual([]);
});

test("what is wrong is refused with a documented status and problem, in every operation", async () => {
  const faults: string[] = [];
  let tried = 0;
  const attempt = async (name: string, what: string, described: Described, sent: Sent, expected?: number) => {
    tried++;
    const answer = await send(described, sent);
    const refused =
      expected === undefined ? answer.status >= 400 && answer.status < 500 : answer.status === expected;
    const wrong = refused ? [] : [`is answered ${answer.status}, not ${expected ?? "4xx"}`];
    faults.push(...[...wrong, ...answer.faults].map((fault) => `${name}, ${what}: ${fault}`));
  };
  for (const [name, described] of operations) {
    const request = right[name];
    if (!request) continue;
    const sent = sentBy(name, request);
    const [, pattern = ""] = name.split(" ");
    const all: Promise<void>[] = [];
    const refuse = (what: string, change: Partial<Sent>, expected?: number) =>
      void all.push(attempt(name, what, described, { ...sent, ...change }, expected));

    if (described.security?.length !== 0) {
      refuse("without a key", { headers: { authorization: "" } }, 401);
      refuse("with an unknown key", { headers: { authorization: "Bearer ck_nobody" } }, 401);
    }
    for (const { name: parameter } of described.parameters.filter((p) => p.in === "path"))
      for (const id of ["ord_00000000000000000000000000", "nobody", "%00", "x".repeat(300), "%F0%9F%92%A5"])
        refuse(`with ${parameter} ${id.slice(0, 40)}`, {
          path: pathWith(pattern, request.path, parameter, id),
        });
    for (const { name: parameter, schema } of described.parameters.filter((p) => p.in === "query"))
      for (const [what, value] of wrongValues(schema).filter(([, value]) =>
        isWrongInQuery(schema.type, value),
      ))
        refuse(`with ${parameter} ${what}`, { query: { ...request.query, [parameter]: String(value) } }, 400);
    if (described.parameters.some((p) => p.in === "query"))
      refuse("with an unknown parameter", { query: { ...request.query, surprise: "1" } }, 400);
    const schema = described.requestBody?.content["application/json"]?.schema;
    if (schema && request.body) {
      for (const [what, value] of wrongBodies(schema, request.body) satisfies Wrong[])
        refuse(`with a body ${what}`, { body: JSON.stringify(value) });
      refuse("with broken JSON", { body: '{"a": ' }, 400);
      refuse("with a form", { headers: { "content-type": "application/x-www-form-urlencoded" } }, 415);
      refuse("with a body beyond all bounds", { body: JSON.stringify({ a: "x".repeat(300_000) }) }, 413);
    }
    if (described.parameters.some((p) => p.in === "header"))
      refuse("without an Idempotency-Key", { headers: { "idempotency-key": "" } }, 400);
    await Promise.all(all);
  }
  expect(faults).toEqual([]);
  expect(tried).toBeGreaterThan(300);
}, 120_000);

test("what is right is answered with the documented status, and nothing that is not documented", async () => {
  const faults: string[] = [];
  // In the order of the requests: the last ones take away what others need.
  for (const [name, request] of Object.entries(right)) {
    const described = operations.find(([known]) => known === name)?.[1];
    if (!described) {
      faults.push(`${name} is not in the document`);
      continue;
    }
    const answer = await send(described, sentBy(name, request));
    const wrong = answer.status < 300 ? [] : [`is answered ${answer.status}`];
    faults.push(...[...wrong, ...answer.faults].map((fault) => `${name}: ${fault}`));
  }
  expect(faults).toEqual([]);
}, 120_000);

test("an answer with a field, a status or a type that is not documented is found", async () => {
  const [, described] = operations.find(([name]) => name === "GET /v1/orders/{id}") ?? [];
  const [order] = (await service.call<{ data: object[] }>("GET", "/v1/orders")).body.data;
  const json = "application/json; charset=utf-8";
  expect(departures(described!, 200, json, JSON.stringify(order))).toEqual([]);
  expect(departures(described!, 200, json, JSON.stringify({ ...order, surprise: 1 }))).toHaveLength(1);
  expect(departures(described!, 200, json, JSON.stringify({ ...order, amount: "1" }))).toHaveLength(1);
  expect(departures(described!, 200, "text/html", "<p>")).toHaveLength(1);
  expect(departures(described!, 418, json, "{}")).toHaveLength(1);
});

/** The path of a right request, with another id in one place. */
function pathWith(pattern: string, path: string, parameter: string, id: string): string {
  const parts = path.split("/");
  return pattern
    .split("/")
    .map((part, n) => (part === `{${parameter}}` ? id : parts[n]))
    .join("/");
}

/** A query is text: a number is no wrong text. */
const isWrongInQuery = (type: unknown, value: unknown): boolean =>
  type === "string" ? typeof value === "string" && value !== "" : typeof value !== "object";
