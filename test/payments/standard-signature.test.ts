import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { keyOf, verifySignature } from "../../src/payments/standard/signature.ts";

// The vector of the specification's own libraries.
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const VECTOR = {
  "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": "1614265330",
  "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const BODY = Buffer.from('{"test": 2432232314}');
const THEN = new Date(1614265330_000);

const keysOf = (...secrets: string[]) => secrets.map((secret) => keyOf(secret)!);
const verify = (headers: Record<string, string>, body: Buffer = BODY, now = THEN, keys = keysOf(SECRET)) =>
  verifySignature(body, headers, keys, now).valid;

test("the published vector is authentic", () => {
  expect(new Webhook(SECRET).sign(VECTOR["webhook-id"], THEN, BODY)).toBe(VECTOR["webhook-signature"]);
  expect(verifySignature(BODY, VECTOR, keysOf(SECRET), THEN)).toEqual({
    valid: true,
    id: VECTOR["webhook-id"],
  });
});

test("among several secrets and several signatures one match is enough", () => {
  const other = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const wrong = `v1,${Buffer.alloc(32).toString("base64")}`;
  const headers = { ...VECTOR, "webhook-signature": `v1a,xyz ${wrong} ${VECTOR["webhook-signature"]}` };
  expect(verify(headers, BODY, THEN, keysOf(other, SECRET))).toBe(true);
  expect(verify(headers, BODY, THEN, keysOf(other))).toBe(false);
});

describe("what is not exactly as signed is refused", () => {
  const at = (seconds: number) => new Date(THEN.getTime() + seconds * 1000);
  test.each<[string, Record<string, string>, Buffer?, Date?]>([
    ["no headers", {}],
    ["another id", { ...VECTOR, "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJeK" }],
    ["an id with a dot", { ...VECTOR, "webhook-id": "msg.1" }],
    ["another time", { ...VECTOR, "webhook-timestamp": "1614265331" }],
    ["a time with something behind it", { ...VECTOR, "webhook-timestamp": "1614265330x" }],
    ["another body", VECTOR, Buffer.from('{"test": 2432232315}')],
    ["a byte order mark before the body", VECTOR, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), BODY])],
    [
      "a signature of another version",
      { ...VECTOR, "webhook-signature": VECTOR["webhook-signature"].replace("v1,", "v2,") },
    ],
    [
      "a signature without a version",
      { ...VECTOR, "webhook-signature": VECTOR["webhook-signature"].slice(3) },
    ],
    ["a cut signature", { ...VECTOR, "webhook-signature": VECTOR["webhook-signature"].slice(0, -2) }],
    [
      "too many signatures",
      { ...VECTOR, "webhook-signature": Array(17).fill(VECTOR["webhook-signature"]).join(" ") },
    ],
    ["one that is too old", VECTOR, BODY, at(301)],
    ["one of the future", VECTOR, BODY, at(-301)],
  ])("%s", (_, headers, body, now) => expect(verify(headers, body, now)).toBe(false));

  test("a clock that is five minutes off either way is still near enough", () => {
    for (const seconds of [-300, 300]) expect(verify(VECTOR, BODY, at(seconds))).toBe(true);
  });
});

test("secrets that are no base64 or of the wrong length give no key", () => {
  for (const bad of ["", "whsec_", "whsec_dev", "whsec_$$$", `whsec_${Buffer.alloc(65).toString("base64")}`])
    expect(keyOf(bad)).toBeNull();
  expect(keyOf(SECRET.slice("whsec_".length))).toEqual(keyOf(SECRET));
});

const ids = fc.stringMatching(/^[\w-]{1,60}$/);
const secrets = fc
  .uint8Array({ minLength: 24, maxLength: 64 })
  .map((bytes) => `whsec_${Buffer.from(bytes).toString("base64")}`);

test("what the library signs verifies here, and no bit of it can be changed", () => {
  fc.assert(
    fc.property(ids, secrets, fc.string({ unit: "binary" }), fc.nat(), (id, secret, text, bit) => {
      const now = new Date();
      const body = Buffer.from(text);
      // The library signs text: what is not UTF-8 it cannot sign as it is sent.
      const signature = new Webhook(secret).sign(id, now, body.toString());
      const headers = {
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
        "webhook-signature": signature,
      };
      expect(verify(headers, body, now, keysOf(secret))).toBe(true);
      expect(new Webhook(secret).verify(body, headers, { jsonParse: false })).toBeUndefined();
      if (body.length === 0) return;
      const changed = Buffer.from(body);
      const at = bit % (body.length * 8);
      changed.writeUInt8(changed.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3);
      expect(verify(headers, changed, now, keysOf(secret))).toBe(false);
    }),
  );
});

test("bytes that decode to the same text are not the same body", () => {
  const now = new Date();
  const sent = Buffer.from([0x22, 0xff, 0x22]);
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": new Webhook(SECRET).sign("msg_1", now, sent),
  };
  // The library takes any bytes that become the same replacement characters.
  expect(
    new Webhook(SECRET).verify(Buffer.from([0x22, 0xfe, 0x22]), headers, { jsonParse: false }),
  ).toBeUndefined();
  expect(verify(headers, Buffer.from([0x22, 0xfe, 0x22]), now)).toBe(false);
});
