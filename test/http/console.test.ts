import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Router from "@koa/router";
import Koa from "koa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { consoleRoutes } from "../../src/http/console.ts";
import { keyLimit } from "../../src/http/key-limit.ts";
import { problems } from "../../src/http/problems.ts";
import { createLog } from "../../src/log.ts";

let directory: string;
let server: Server;
let url: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "countersign-console-"));
  const app = new Koa();
  app.silent = true;
  app.use((ctx, next) => {
    ctx.state["requestId"] = "req_test";
    return next();
  });
  app.use(problems(createLog("silent")));
  app.use(consoleRoutes(directory).routes());
  app.use(new Router().get("/", (ctx) => void (ctx.body = "links")).routes());
  const api = new Router({ prefix: "/v1" });
  api.use((ctx, next) => {
    ctx.state["principal"] = {
      tenant: "dev",
      role: "viewer",
      user: "Ada",
      credential: ctx.get("authorization"),
    };
    return next();
  }, keyLimit(3));
  api.get("/orders", (ctx) => void (ctx.body = {}));
  app.use(api.routes());
  const handle = app.callback();
  server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

const get = (path: string) => fetch(url + path);

test("without a built console the page of links is shown, and its other pages do not exist", async () => {
  expect(await (await get("/")).text()).toBe("links");
  expect((await get("/orders")).status).toBe(404);
});

describe("a built console", () => {
  beforeAll(async () => {
    await mkdir(join(directory, "assets"));
    await writeFile(
      join(directory, "index.html"),
      '<meta property="csp-nonce" nonce="__CSP_NONCE__"><div id=root>',
    );
    await writeFile(join(directory, "assets/index-4f2a.js"), "export {}");
    await writeFile(join(directory, "secret.txt"), "not for the public");
  });

  test("is the same page at each of its addresses, and never out of a cache", async () => {
    for (const path of [
      "/",
      "/orders",
      "/orders/new",
      "/orders/ord_1",
      "/webhooks/whi_1",
      "/health",
      "/sign-in",
    ]) {
      const answer = await get(path);
      expect(answer.status, path).toBe(200);
      expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(await answer.text()).toContain("<div id=root>");
    }
    expect((await get("/nowhere")).status).toBe(404);
    expect((await get("/orders/ord_1/more")).status).toBe(404);
  });

  test("runs its own scripts and styles alone, with a nonce of its own for each page", async () => {
    const nonces = new Set<string>();
    for (let i = 0; i < 2; i++) {
      const answer = await get("/");
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'; script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      const [, nonce = ""] = /'nonce-([^']+)'/.exec(policy) ?? [];
      expect(await answer.text()).toContain(`nonce="${nonce}"`);
      nonces.add(nonce);
    }
    expect(nonces.size).toBe(2);
  });

  test("has assets that are kept for good, and nothing of what lies beside them", async () => {
    const asset = await get("/assets/index-4f2a.js");
    expect(asset.headers.get("cache-control")).toBe("max-age=31536000,immutable");
    expect(asset.headers.get("content-type")).toContain("javascript");
    for (const path of [
      "/secret.txt",
      "/assets/../secret.txt",
      "/assets/%2e%2e/secret.txt",
      "/assets/..%2fsecret.txt",
    ]) {
      const answer = await get(path);
      expect([400, 403, 404], `${path}: ${answer.status}`).toContain(answer.status);
      expect(await answer.text()).not.toContain("public");
    }
    expect((await get("/assets/gone.js")).status).toBe(404);
  });
});

test("who sends too much with one key waits, and others do not", async () => {
  const ask = (key: string) => fetch(`${url}/v1/orders`, { headers: { authorization: key } });
  for (let i = 0; i < 3; i++) expect((await ask("busy")).status).toBe(200);
  const refused = await ask("busy");
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ code: "rate_limited" });
  expect((await ask("calm")).status).toBe(200);
});
