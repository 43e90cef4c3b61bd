import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestService, type TestService } from "../helpers/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ API_KEYS: "dev:admin:ck_dev" });
});
afterAll(() => service?.end());

interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  errors?: { path: string; message: string }[];
}

let keys = 0;

/** Sends exactly these bytes and headers, and checks that the answer is a problem that a program can read. */
async function refusal(
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Problem> {
  const response = await fetch(service.url + path, {
    method,
    headers: {
      authorization: "Bearer ck_dev",
      "content-type": "application/json",
      "idempotency-key": `bad-${++keys}`,
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  expect(response.status, text).toBeGreaterThanOrEqual(400);
  expect(response.status, text).toBeLessThan(500);
  expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(text) as Problem;
  expect(problem).toMatchObject({
    status: response.status,
    type: `urn:countersign:problem:${problem.code}`,
    title: expect.any(String) as string,
    detail: expect.any(String) as string,
  });
  return problem;
}

const order = { reference: "PO-1", amount: 1250, currency: "usd" };
const item = { sku: "pen", quantity: 1, unit_amount: 1250 };
const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

describe("a body that is not an order is refused", () => {
  const bodies: [what: string, body: string | Uint8Array<ArrayBuffer>, code: string, status?: number][] = [
    ["nothing of JSON", "{nope", "invalid_json"],
    ["half of it", '{"reference": "PO-1", "amount"', "invalid_json"],
    ["two values", "{} {}", "invalid_json"],
    ["a number without end", '{"amount": 1e', "invalid_json"],
    ["not UTF-8", Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), "invalid_json"],
    ["nested 10,000 deep", deep(10_000), "invalid_json"],
    ["nested deep within a field", `{"metadata": ${deep(10_000)}}`, "invalid_json"],
    ["an array", "[]", "invalid_request"],
    ["null", "null", "invalid_request"],
    ["a string", '"order"', "invalid_request"],
    ["empty", "", "invalid_request"],
    ["of 1 MB", JSON.stringify({ ...order, description: "x".repeat(1_000_000) }), "body_too_large", 413],
  ];
  test.each(bodies)("%s", async (_, body, code, status = 400) => {
    expect(await refusal("POST", "/v1/orders", body)).toMatchObject({ code, status });
  });
});

describe("a field that is wrong is named, with what to do", () => {
  const fields: [what: string, change: Record<string, unknown>, path: string, message: RegExp][] = [
    ["no reference", { reference: undefined }, "reference", /is required/],
    ["a number for text", { reference: 17 }, "reference", /must be a string/],
    ["null for text", { reference: null }, "reference", /must be a string/],
    ["an empty reference", { reference: "" }, "reference", /must not be empty/],
    ["a long reference", { reference: "x".repeat(201) }, "reference", /at most 200/],
    ["two lines", { reference: "a\nb" }, "reference", /single line/],
    ["NUL", { reference: "a\0b" }, "reference", /control characters/],
    ["an escape sequence", { description: "\u001b[31mred" }, "description", /control characters/],
    ["half of a surrogate pair", { reference: "a\ud800b" }, "reference", /valid Unicode/],
    ["no amount", { amount: undefined }, "amount", /integer/],
    ["text for an amount", { amount: "1250" }, "amount", /integer/],
    ["a negative amount", { amount: -1 }, "amount", /at least 1/],
    ["nothing", { amount: 0 }, "amount", /at least 1/],
    ["a fraction", { amount: 12.5 }, "amount", /integer/],
    ["too much", { amount: 100_000_000 }, "amount", /at most/],
    ["more than a number holds exactly", { amount: 2 ** 60 }, "amount", /integer|at most/],
    ["an unknown currency", { currency: "usx" }, "currency", /ISO 4217/],
    ["a currency of wrong type", { currency: 840 }, "currency", /must be a string/],
    ["a bad address", { customer: { email: "nobody" } }, "customer.email", /email address/],
    ["an address of two lines", { requested_by: "a@b.example\nx" }, "requested_by", /email address/],
    ["an unknown field", { colour: "red" }, "colour", /remove it/],
    ["an unknown field within", { customer: { colour: "red" } }, "customer.colour", /remove it/],
    ["an unknown field in an item", { items: [{ ...item, size: 1 }] }, "items[0].size", /remove it/],
    ["items of wrong type", { items: {} }, "items", /must be an array/],
    ["an item of wrong type", { items: [7] }, "items[0]", /must be an object/],
    ["an item without SKU", { items: [{ quantity: 1, unit_amount: 1 }] }, "items[0].sku", /is required/],
    ["no pieces", { items: [{ ...item, quantity: 0 }] }, "items[0].quantity", /at least 1/],
    ["a negative price", { items: [{ ...item, unit_amount: -5 }] }, "items[0].unit_amount", /at least 0/],
    ["items that do not add up", { items: [{ ...item, unit_amount: 1249 }] }, "items", /add up/],
    [
      "101 items",
      { amount: 101, items: Array(101).fill({ ...item, unit_amount: 1 }) },
      "items",
      /at most 100/,
    ],
    ["an unknown mode", { payment: { mode: "cash" } }, "payment.mode", /checkout, client or confirm/],
    ["a mode without its method", { payment: { mode: "confirm" } }, "payment.payment_method", /is required/],
    ["an unknown fulfilment", { fulfilment: "drone" }, "fulfilment", /none or manual/],
    ["fulfilment of nothing", { fulfilment: "manual" }, "items", /must be given/],
    ["metadata that is not text", { metadata: { a: 1 } }, "metadata.a", /must be a string/],
    ["metadata in a list", { metadata: [] }, "metadata", /must be an object/],
    ["a long value", { metadata: { a: "x".repeat(501) } }, "metadata.a", /at most 500/],
    ["a long key", { metadata: { ["k".repeat(41)]: "v" } }, `metadata.${"k".repeat(41)}`, /at most 40/],
    ["NUL in a key", { metadata: { "a\0": "v" } }, "metadata.a\0", /control characters/],
  ];
  test.each(fields)("%s", async (_, change, path, message) => {
    const problem = await refusal("POST", "/v1/orders", JSON.stringify({ ...order, ...change }));
    expect(problem).toMatchObject({ status: 400, code: "invalid_request" });
    const found = problem.errors?.find((error) => error.path === path);
    expect(found?.message, JSON.stringify(problem.errors)).toMatch(message);
    expect(problem.detail).toContain(problem.errors?.[0]?.message);
  });

  test("51 keys of metadata", async () => {
    const metadata = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, "v"]));
    const problem = await refusal("POST", "/v1/orders", JSON.stringify({ ...order, metadata }));
    expect(problem.errors).toMatchObject([{ path: "metadata", message: "must have at most 50 keys" }]);
  });

  test("every broken field at once", async () => {
    const problem = await refusal("POST", "/v1/orders", '{"amount": -1, "currency": "usx", "x": 1}');
    expect(problem.errors?.map(({ path }) => path).sort()).toEqual(["amount", "currency", "reference", "x"]);
  });

  test.each(["__proto__", "constructor", "prototype", "toString"])("the key %s", async (name) => {
    const top = await refusal(
      "POST",
      "/v1/orders",
      JSON.stringify(order).replace("{", `{"${name}": {"a": 1}, `),
    );
    expect(top.errors).toMatchObject([
      { path: name, message: expect.stringContaining("remove it") as string },
    ]);
    const within = await refusal(
      "POST",
      "/v1/orders",
      JSON.stringify(order).replace("{", `{"customer": {"${name}": {"admin": true}}, `),
    );
    expect(within.errors).toMatchObject([{ path: `customer.${name}` }]);
  });

  test("the key __proto__ in metadata is refused, not lost", async () => {
    const body = JSON.stringify(order).replace("{", '{"metadata": {"__proto__": "x"}, ');
    const problem = await refusal("POST", "/v1/orders", body);
    expect(problem.errors).toMatchObject([{ path: "metadata.__proto__" }]);
  });
});

describe("headers", () => {
  const json = JSON.stringify(order);
  const keysTable: [what: string, key: string, code: string][] = [
    ["a blank key", "   ", "idempotency_key_required"],
    ["an overlong key", "k".repeat(256), "invalid_request"],
    ["a key with a space", "a b", "invalid_request"],
    ["a key of Latin-1", "schl\u00fcssel", "invalid_request"],
  ];
  test.each(keysTable)("%s", async (_, key, code) => {
    expect(await refusal("POST", "/v1/orders", json, { "idempotency-key": key })).toMatchObject({
      status: 400,
      code,
    });
  });

  test("no key", async () => {
    const response = await fetch(`${service.url}/v1/orders`, {
      method: "POST",
      headers: { authorization: "Bearer ck_dev", "content-type": "application/json" },
      body: json,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "idempotency_key_required" });
  });

  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "nonsense",
    "application/xml",
  ])("a body sent as %s", async (type) => {
    const problem = await refusal("POST", "/v1/orders", json, { "content-type": type });
    expect(problem).toMatchObject({ status: 415, code: "unsupported_media_type" });
    expect(problem.detail).toContain("application/json");
  });

  test.each([
    ["no key at all", ""],
    ["an unknown key", "Bearer ck_nope"],
    ["another scheme", "Basic Y2tfZGV2Og=="],
    ["a key with blanks", "Bearer ck_dev  "],
    ["a very long key", `Bearer ${"x".repeat(5000)}`],
  ])("%s", async (_, authorization) => {
    const response = await fetch(`${service.url}/v1/orders`, { headers: { authorization } });
    if (authorization === "Bearer ck_dev  ") return expect(response.status).toBe(200); // HTTP trims what follows a value
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(await response.json()).toMatchObject({ status: 401, code: "unauthorized" });
  });
});

describe("queries", () => {
  test.each([
    ["/v1/orders?limit=0", "limit"],
    ["/v1/orders?limit=101", "limit"],
    ["/v1/orders?limit=abc", "limit"],
    ["/v1/orders?limit=1.5", "limit"],
    ["/v1/orders?limit=", "limit"],
    ["/v1/orders?limit=5&limit=6", "limit"],
    ["/v1/orders?cursor=garbage", "cursor"],
    ["/v1/orders?cursor=%00", "cursor"],
    ["/v1/orders?cursor=", "cursor"],
    ["/v1/orders?cursor=djE6b3JkXw", "cursor"],
    ["/v1/orders?status=lost", "status"],
    ["/v1/orders?reference=%00", "reference"],
    ["/v1/orders?reference=%ff%fe%00", "reference"],
    ["/v1/orders?created_after=yesterday", "created_after"],
    ["/v1/orders?created_after=2026-02-31T00:00:00Z", "created_after"],
    ["/v1/orders?colour=red", "colour"],
    ["/v1/approvals?status=maybe", "status"],
    ["/v1/approvals?limit=-1", "limit"],
    ["/v1/approvals?order_id=%00", "order_id"],
    ["/v1/webhooks/inbox?state=lost", "state"],
    ["/v1/webhooks/inbox?provider=%00", "provider"],
    ["/v1/webhooks/inbox?limit=1e9", "limit"],
  ])("%s", async (path, field) => {
    const problem = await refusal("GET", path);
    expect(problem).toMatchObject({ status: 400, code: "invalid_request" });
    expect(problem.errors?.map((error) => error.path)).toContain(field);
    expect(problem.errors?.[0]?.message).toMatch(/must be|is not|remove/);
  });

  test("a time that PostgreSQL does not know", async () => {
    expect(await refusal("GET", "/v1/orders?created_after=0000-01-01T00:00:00Z")).toMatchObject({
      code: "invalid_request",
    });
  });

  test("a wait that is too long, negative, or no number", async () => {
    const { id } = await service.create();
    for (const timeout of ["61", "-1", "abc", "1e9", "Infinity", "NaN"]) {
      const problem = await refusal("GET", `/v1/orders/${id}/events/result?timeout=${timeout}`);
      expect(problem.errors).toMatchObject([{ path: "timeout" }]);
    }
    const unknown = await refusal("GET", `/v1/orders/${id}/events/colour`);
    expect(unknown).toMatchObject({ status: 400, code: "invalid_request" });
    expect(unknown.detail).toContain("status, progress");
  });
});

describe("what is not there", () => {
  const nobody = "ord_00000000000000000000000000";
  test.each([
    `/v1/orders/${nobody}`,
    `/v1/orders/${nobody}/events`,
    `/v1/orders/${nobody}/events/status`,
    `/v1/orders/${nobody}/audit`,
    `/v1/orders/${nobody}/audit/verify`,
    "/v1/orders/1",
    "/v1/orders/ord_",
    "/v1/orders/%00",
    "/v1/orders/%00/events",
    "/v1/orders/%00/events/status",
    "/v1/orders/a%00b/audit",
    "/v1/orders/%F0%9F%92%A9/events",
    `/v1/orders/${"x".repeat(4000)}`,
    "/v1/orders/..%2f..%2fetc%2fpasswd",
    "/v1/orders/'%20or%201=1--/events",
    "/v1/approvals/apr_1",
    "/v1/approvals/%00",
    "/v1/webhooks/inbox/whi_1",
    "/v1/webhooks/inbox/%00",
    "/v1/nothing",
    "/v2/orders",
    "/nothing",
    "/v1/orders/%E0%A4%A",
    "/v1/orders/%",
  ])("%s", async (path) => {
    const problem = await refusal("GET", path);
    expect([404, 400]).toContain(problem.status);
    if (!path.match(/%(E0%A4%A)?$/)) expect(problem).toMatchObject({ status: 404, code: "not_found" });
  });

  test.each([
    ["DELETE", "/v1/orders"],
    ["PUT", `/v1/orders/${nobody}`],
    ["POST", `/v1/orders/${nobody}`],
    ["GET", `/v1/orders/${nobody}/cancel`],
    ["GET", `/v1/orders/${nobody}/refunds`],
    ["PATCH", `/v1/approvals/${nobody}`],
    ["GET", "/webhooks/stripe"],
    ["DELETE", "/healthz"],
    ["POST", "/openapi.json"],
    ["PROPFIND", "/v1/orders"],
  ])("%s %s", async (method, path) => {
    const problem = await refusal(method, path, method === "GET" ? undefined : "{}");
    expect(problem).toMatchObject({ status: 405, code: "method_not_allowed" });
  });

  test("a wrong method is told the right ones", async () => {
    const response = await fetch(`${service.url}/v1/orders`, {
      method: "DELETE",
      headers: { authorization: "Bearer ck_dev" },
    });
    expect(response.headers.get("allow")?.split(/, ?/)).toEqual(expect.arrayContaining(["GET", "POST"]));
  });

  test.each(["cancel", "refunds", "messages"])("POST to %s of nobody", async (command) => {
    const body = command === "messages" ? '{"topic": "note", "message": "x"}' : '{"reason": "x"}';
    expect(await refusal("POST", `/v1/orders/${nobody}/${command}`, body)).toMatchObject({
      code: "not_found",
    });
  });
});

describe("commands", () => {
  test("messages are checked as what their topic takes", async () => {
    const { id } = await service.create();
    const table: [body: unknown, status: number, path: string][] = [
      [{}, 400, "topic"],
      [{ topic: 7 }, 400, "topic"],
      [{ topic: "sing", message: "la" }, 422, "topic"],
      [{ topic: "__proto__", message: {} }, 422, "topic"],
      [{ topic: "constructor" }, 422, "topic"],
      [{ topic: "note" }, 400, "message"],
      [{ topic: "note", message: "" }, 400, "message"],
      [{ topic: "note", message: 7 }, 400, "message"],
      [{ topic: "note", message: { text: "a", loud: true } }, 400, "message.loud"],
      [{ topic: "note", message: "a\0" }, 400, "message"],
      [{ topic: "note", message: "x".repeat(5001) }, 400, "message"],
      [{ topic: "cancel", message: { reason: "" } }, 400, "message.reason"],
      [{ topic: "fulfilment", message: { sku: "pen", quantity: -1 } }, 400, "message.quantity"],
      [{ topic: "fulfilment", message: {} }, 400, "message.sku"],
      [{ topic: "payment_method", message: {} }, 400, "message.payment_method"],
      [{ topic: "note", message: "a", extra: 1 }, 400, "extra"],
    ];
    for (const [body, status, path] of table) {
      const problem = await refusal("POST", `/v1/orders/${id}/messages`, JSON.stringify(body));
      expect(problem.status, JSON.stringify(body)).toBe(status);
      expect(problem.errors?.[0]?.path, JSON.stringify(body)).toBe(path);
    }
  });

  test("refunds of what is not captured", async () => {
    const { id } = await service.create();
    for (const body of ['{"reason":"x"}', '{"amount":1,"reason":"x"}', '{"amount":99999999,"reason":"x"}'])
      expect(await refusal("POST", `/v1/orders/${id}/refunds`, body)).toMatchObject({
        status: 422,
        errors: [{ path: "amount" }],
      });
    for (const body of [
      '{"amount":0,"reason":"x"}',
      '{"amount":"1","reason":"x"}',
      '{"amount":1.5,"reason":"x"}',
    ])
      expect(await refusal("POST", `/v1/orders/${id}/refunds`, body)).toMatchObject({
        status: 400,
        errors: [{ path: "amount" }],
      });
    expect(await refusal("POST", `/v1/orders/${id}/refunds`, "{}")).toMatchObject({
      errors: [{ path: "reason" }],
    });
  });
});

describe("on the wire", () => {
  /** What comes back for these bytes on a connection of their own. */
  const raw = (chunks: (string | Buffer)[], wait = 3_000): Promise<string> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(service.url);
      const socket = connect(Number(port), hostname);
      let heard = "";
      const done = () => {
        socket.destroy();
        resolve(heard);
      };
      const timer = setTimeout(done, wait);
      socket.setEncoding("utf8").on("data", (text: string) => (heard += text));
      socket.on("error", () => {});
      socket.on("close", () => {
        clearTimeout(timer);
        resolve(heard);
      });
      const next = () => {
        const chunk = chunks.shift();
        if (chunk !== undefined && !socket.destroyed) socket.write(chunk, next);
      };
      next();
    });
  const head = (...lines: string[]) =>
    [
      "POST /v1/orders HTTP/1.1",
      "Host: x",
      "Authorization: Bearer ck_dev",
      "Content-Type: application/json",
      `Idempotency-Key: raw-${++keys}`,
      ...lines,
      "",
      "",
    ].join("\r\n");

  test("a chunked body that is too large is refused, though it never said so", async () => {
    const chunk = `${(16_384).toString(16)}\r\n${"x".repeat(16_384)}\r\n`;
    const heard = await raw([
      head("Transfer-Encoding: chunked"),
      ...Array<string>(64).fill(chunk),
      "0\r\n\r\n",
    ]);
    expect(heard).toMatch(/^HTTP\/1\.1 413/);
    expect(heard).toContain("body_too_large");
  });

  test("a body that announces 1 GB is refused before it comes", async () => {
    const heard = await raw([head("Content-Length: 1000000000")]);
    expect(heard).toMatch(/^HTTP\/1\.1 413/);
  });

  test("a client that sends all of a large body gets to read the refusal", async () => {
    const heard = await raw([head("Content-Length: 20000000"), Buffer.alloc(20_000_000, "x")]);
    expect(heard).toMatch(/^HTTP\/1\.1 413/);
    expect(heard).toContain("body_too_large");
  });

  test.each([
    ["not HTTP", "hello\r\n\r\n"],
    ["no host", "GET / HTTP/1.1\r\n\r\n"],
    ["two lengths", head("Content-Length: 2", "Content-Length: 3") + "{}"],
    ["a length and chunks", head("Content-Length: 2", "Transfer-Encoding: chunked") + "{}"],
    ["a header without end", `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(100_000)}\r\n\r\n`],
    ["a method that is none", "HACK / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a bad chunk", head("Transfer-Encoding: chunked") + "zz\r\n"],
  ])("%s", async (_, bytes) => {
    expect(await raw([bytes])).toMatch(/^HTTP\/1\.1 4\d\d/);
  });

  test("a client that goes away in the middle of its body disturbs nobody", async () => {
    await Promise.all(
      Array.from({ length: 20 }, () => raw([head("Content-Length: 1000"), '{"reference":'], 100)),
    );
    expect((await service.create()).status).toBe("awaiting_payment");
  });
});

describe("an approver's form", () => {
  let link: string;
  beforeAll(async () => {
    const asked = await service.create({ amount: 125_000, reference: "PO-form" });
    await service.pay(asked);
    link = (await service.mail("finance@example.com", (m) => m.subject.includes("PO-form"))).links[0] ?? "";
  });

  const post = async (
    url: string,
    body: string | Uint8Array<ArrayBuffer>,
    type = "application/x-www-form-urlencoded",
  ) => {
    const response = await fetch(url, { method: "POST", body, headers: { "content-type": type } });
    const text = await response.text();
    expect(response.status, text).toBeLessThan(500);
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    return { status: response.status, text };
  };

  test.each([
    ["nothing", "", 400],
    ["an unknown decision", "decision=maybe", 400],
    ["two decisions", "decision=maybe&decision=perhaps", 400],
    ["NUL in a comment", "decision=approve&comment=%00", 400],
    ["not UTF-8", "decision=approve&comment=%ff%fe%01", 400],
    ["a long comment", `decision=approve&comment=${"x".repeat(2001)}`, 400],
    ["a foreign content hash", `decision=approve&content_hash=${"0".repeat(64)}`, 409],
    ["an overlong content hash", `decision=approve&content_hash=${"0".repeat(65)}`, 400],
    ["too much", `decision=approve&comment=${"x".repeat(1_000_000)}`, 413],
    ["__proto__", "__proto__=1&constructor=2", 400],
    ["broken escapes", "decision=%&comment=%zz", 400],
  ])("%s", async (_, body, status) => {
    expect((await post(link, body)).status).toBe(status);
  });

  test("sent as something else", async () => {
    expect((await post(link, '{"decision":"approve"}', "application/json")).status).toBe(415);
    expect((await post(link, "decision=approve", "text/plain")).status).toBe(415);
  });

  test.each(["x", "%00", "v1.x.y", "..%2f..", "%E0%A4%A", "x".repeat(5000), "<script>"])(
    "the link %s",
    async (token) => {
      const url = `${service.url}/a/${token}`;
      const answer = await post(url, "decision=approve");
      expect([400, 404]).toContain(answer.status);
      expect(answer.text).not.toContain("<script>");
    },
  );

  test("garbage of any kind never decides", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const answer = await post(link, Uint8Array.from(bytes));
        expect([400, 429]).toContain(answer.status);
      }),
      { numRuns: 30 },
    );
    const orders = await service.call<{ data: { status: string }[] }>("GET", "/v1/orders?reference=PO-form");
    expect(orders.body.data).toMatchObject([{ status: "awaiting_approval", approval: { votes: [] } }]);
  });
});

describe("whatever is sent, there is an answer, and never a 5xx", () => {
  const anyText = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string(),
    fc.constantFrom("", "\0", "\ud800", "__proto__", "usd"),
  );
  const anyValue = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    anyText,
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.constantFrom(null, true, -0, 1e308, 2 ** 53, []),
  );
  const like = fc.record(
    {
      reference: fc.oneof({ weight: 3, arbitrary: fc.constant("PO-fuzz") }, anyValue),
      amount: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: -5, max: 2_000 }) }, anyValue),
      currency: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom("usd", "EUR", "jpy", "xxx", "KWD") },
        anyValue,
      ),
      description: fc.oneof(anyText, anyValue),
      customer: fc.oneof(fc.record({ email: anyText, name: anyText }, { requiredKeys: [] }), anyValue),
      requested_by: anyValue,
      items: fc.oneof(
        fc.array(fc.record({ sku: anyValue, quantity: anyValue, unit_amount: anyValue }), { maxLength: 3 }),
        anyValue,
      ),
      payment: fc.oneof(
        fc.record({ mode: fc.constantFrom("client", "checkout", "confirm", "x"), payment_method: anyValue }),
        anyValue,
      ),
      metadata: fc.oneof(fc.dictionary(anyText, anyText), anyValue),
    },
    { requiredKeys: [] },
  );

  test("as the body of an order", { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          like.map((value) => JSON.stringify(value)),
          anyValue.map((value) => JSON.stringify(value) ?? ""),
          fc.string(),
        ),
        async (body) => {
          const answer = await service.call<Problem>("POST", "/v1/orders", body);
          expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(500);
          if (answer.status >= 400) expect(answer.body.code).toEqual(expect.any(String));
        },
      ),
      { numRuns: 250 },
    );
  });

  test("as headers", async () => {
    const value = fc.string({
      unit: fc
        .integer({ min: 0x20, max: 0xff })
        .filter((c) => c !== 0x7f)
        .map((c) => String.fromCharCode(c)),
      maxLength: 300,
    });
    const name = fc.constantFrom(
      "authorization",
      "content-type",
      "idempotency-key",
      "accept",
      "accept-encoding",
      "if-none-match",
      "x-forwarded-for",
      "x-forwarded-host",
      "cookie",
      "range",
      "last-event-id",
      "content-encoding",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, value),
        fc.constantFrom("GET", "POST"),
        async (headers, method) => {
          const answer = await service.call<Problem>(
            method,
            "/v1/orders",
            method === "POST" ? JSON.stringify({ reference: "x", amount: 0 }) : undefined,
            headers,
          );
          expect(answer.status).toBeLessThan(500);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("as a path", async () => {
    const part = fc.oneof(
      fc.webSegment(),
      fc.string().map((text) => encodeURIComponent(text.toWellFormed())),
      fc.constantFrom("%", "%00", "%ff", "..", "orders", "v1", "events", "audit", "a"),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 5 }),
        fc.constantFrom("GET", "POST", "DELETE"),
        async (parts, method) => {
          const response = await fetch(`${service.url}/v1/${parts.join("/")}`, {
            method,
            headers: { authorization: "Bearer ck_dev" },
          });
          await response.text();
          expect(response.status).toBeLessThan(500);
        },
      ),
      { numRuns: 150 },
    );
  });
});
