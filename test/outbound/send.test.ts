import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isPublic, publicLookup } from "../../src/outbound/address.ts";
import { send, urlObstacle, webhookBody } from "../../src/outbound/send.ts";

let server: Server;
let url = "";
const ways: Record<string, (response: ServerResponse) => void> = {
  "/ok": (response) => response.writeHead(200).end("fine"),
  "/moved": (response) => response.writeHead(302, { location: "/ok" }).end(),
  "/gone": (response) => response.writeHead(410).end(),
  "/hangs": () => {},
  "/endless": (response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(16_384, "x");
    const more = () => response.write(chunk, () => !response.destroyed && setImmediate(more));
    more();
  },
  "/breaks": (response) => response.socket?.destroy(),
};

beforeAll(async () => {
  server = createServer((request, response) => ways[request.url ?? ""]?.(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const webhook = (path: string) => ({
  url: url + path,
  secrets: [`whsec_${Buffer.alloc(24, 7).toString("base64")}`],
  id: "msg_1",
  body: webhookBody("test.ping", "2026-01-01T00:00:00.000Z", {}),
});

test.each([
  ["/ok", { outcome: "accepted", status: 200 }],
  ["/endless", { outcome: "accepted", status: 200 }],
  ["/moved", { outcome: "failed", reason: "the answer was 302", retry: true }],
  ["/gone", { outcome: "failed", reason: "the answer was 410", retry: false }],
  ["/hangs", { outcome: "failed", reason: "no answer within 300 ms", retry: true }],
  ["/breaks", { outcome: "failed", retry: true }],
])("an address that answers as %s", async (path, outcome) => {
  expect(await send(webhook(path), { strict: false, timeoutMs: 300 })).toMatchObject(outcome);
});

test.each([
  "127.0.0.1",
  "10.1.2.3",
  "172.16.0.1",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "224.0.0.1",
  "::1",
  "fe80::1",
  "fc00::1",
  "::ffff:127.0.0.1",
  "64:ff9b::7f00:1",
  "not an address",
])("%s is not public", (address) => {
  expect(isPublic(address)).toBe(false);
});

test("addresses of the internet are public", () => {
  expect(["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"].every(isPublic)).toBe(true);
});

test.each([
  ["http://example.com/hook", "must begin with https://"],
  ["https://127.0.0.1/hook", "must not be a private address"],
  ["https://2130706433/hook", "must not be a private address"],
  ["https://0x7f.1/hook", "must not be a private address"],
  ["https://[::1]/hook", "must not be a private address"],
  ["https://[::ffff:10.0.0.1]/hook", "must not be a private address"],
  ["https://user@example.com/", "must not hold a user name or password"],
  ["https://example.com/hook", null],
])("outside development %s: %s", (address, obstacle) => {
  expect(urlObstacle(address, { strict: true })).toBe(obstacle);
});

test("a name that resolves to a private address is refused when it is called", async () => {
  const refused = await new Promise<Error | null>((resolve) => publicLookup("localhost", {}, resolve));
  expect(refused?.message).toMatch(/^localhost is .+, which is not a public address$/);
});
