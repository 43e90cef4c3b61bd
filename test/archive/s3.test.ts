import { createServer, type IncomingMessage, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createS3Store } from "../../src/archive/s3.ts";

const ACCESS = { accessKeyId: "key-of-a-test", secretAccessKey: "secret-of-a-test" };
const REGION = "eu-central-1";

const objects = new Map<string, Buffer>();
let failing = 0;
let server: Server;
let endpoint: string;

/** A bucket that holds what it is sent, if AWS's own signer would have signed it so. */
beforeAll(async () => {
  server = createServer((request, response) => {
    const answer = async (): Promise<[status: number, body: Buffer | string]> => {
      const body = await buffer(request);
      if (failing > 0) return [--failing >= 0 ? 503 : 200, "<Error><Code>SlowDown</Code></Error>"];
      if (!(await isSigned(request, body))) return [403, "<Error><Code>SignatureDoesNotMatch</Code></Error>"];
      const key = decodeURIComponent(new URL(request.url ?? "", endpoint).pathname);
      if (request.method === "PUT") objects.set(key, body);
      const found = objects.get(key);
      return found
        ? [200, request.method === "PUT" ? "" : found]
        : [404, "<Error><Code>NoSuchKey</Code></Error>"];
    };
    void answer().then(([status, body]) => response.writeHead(status).end(body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server?.close());

async function isSigned(request: IncomingMessage, body: Buffer): Promise<boolean> {
  const given = request.headers.authorization ?? "";
  const signed = /SignedHeaders=([^,]+)/.exec(given)?.[1]?.split(";") ?? [];
  const url = new URL(request.url ?? "", endpoint);
  const date = String(request.headers["x-amz-date"]).replace(
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/,
    "$1-$2-$3T$4:$5:$6Z",
  );
  const signer = new SignatureV4({
    credentials: ACCESS,
    region: REGION,
    service: "s3",
    sha256: Sha256,
    uriEscapePath: false,
  });
  const right = await signer.sign(
    {
      method: request.method ?? "",
      protocol: "http:",
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: Object.fromEntries(signed.map((name) => [name, String(request.headers[name])])),
      body,
    },
    { signingDate: new Date(date), signableHeaders: new Set(signed) },
  );
  const signature = (text: string) => /Signature=([0-9a-f]{64})/.exec(text)?.[1];
  return (
    signature(given) !== undefined && signature(given) === signature(right.headers["authorization"] ?? "")
  );
}

const store = (secretAccessKey = ACCESS.secretAccessKey) =>
  createS3Store({
    endpoint: `${endpoint}/trails`,
    region: REGION,
    accessKeyId: ACCESS.accessKeyId,
    secretAccessKey,
    prefix: "eu/live",
  });

test("a file comes back from a bucket as it was put there", async () => {
  const content = Buffer.from('{"seq":0,"comment":"für Ada €"}\n');
  await store().put("dev/2026/11/ord_1-abc.ndjson", content);
  expect([...objects.keys()]).toEqual(["/trails/eu/live/dev/2026/11/ord_1-abc.ndjson"]);
  expect(await store().get("dev/2026/11/ord_1-abc.ndjson")).toEqual(content);
});

test("a file that is not there is null, not an error", async () => {
  expect(await store().get("dev/none.ndjson")).toBeNull();
});

test("a wrong secret, or a bucket that is busy, is an error and never a success", async () => {
  await expect(store("another-secret").put("dev/x.ndjson", Buffer.from("x"))).rejects.toThrow();
  failing = 5;
  await expect(store().put("dev/x.ndjson", Buffer.from("x"))).rejects.toThrow();
  failing = 0;
  expect(await store().get("dev/x.ndjson")).toBeNull();
});
