import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { verifyWebhook, WebhookError } from "../../src/client/index.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const OTHER = `whsec_${Buffer.alloc(24, 9).toString("base64")}`;
const NOW = new Date("2026-11-23T10:00:00Z");
const BODY = JSON.stringify({
  type: "order.completed",
  timestamp: NOW.toISOString(),
  data: { id: "ord_é€😀" },
});

/** As the library of the standard signs it. */
const signed = (body = BODY, { secret = SECRET, at = NOW } = {}) => ({
  body,
  headers: {
    "webhook-id": "whd_1",
    "webhook-timestamp": String(at.getTime() / 1000),
    "webhook-signature": new Webhook(secret).sign("whd_1", at, body),
  },
});

const now = { now: NOW };
const at = (offset_s: number) => new Date(NOW.getTime() + offset_s * 1000);

test("what the standard's own library signs is believed, as text or bytes, whatever holds the headers", async () => {
  const webhook = signed();
  const event = JSON.parse(BODY) as unknown;
  expect(await verifyWebhook(webhook, SECRET, now)).toEqual(event);
  expect(await verifyWebhook({ ...webhook, body: Buffer.from(BODY) }, SECRET, now)).toEqual(event);
  expect(await verifyWebhook({ ...webhook, headers: new Headers(webhook.headers) }, SECRET, now)).toEqual(
    event,
  );
  const loud = Object.fromEntries(Object.entries(webhook.headers).map(([k, v]) => [k.toUpperCase(), [v]]));
  expect(await verifyWebhook({ ...webhook, headers: loud }, SECRET, now)).toEqual(event);
});

test("any of several secrets may have signed it, and any of several signatures may be right", async () => {
  expect(await verifyWebhook(signed(), [OTHER, SECRET], now)).toMatchObject({ type: "order.completed" });
  const both = signed();
  both.headers["webhook-signature"] =
    `v1a,abc ${signed(BODY, { secret: OTHER }).headers["webhook-signature"]} ${both.headers["webhook-signature"]}`;
  expect(await verifyWebhook(both, SECRET, now)).toMatchObject({ type: "order.completed" });
});

test.each([
  ["another body", { ...signed(), body: BODY.replace("completed", "refunded") }, /webhook-signature/],
  ["another secret", signed(BODY, { secret: OTHER }), /webhook-signature/],
  [
    "no signature of version 1",
    { ...signed(), headers: { ...signed().headers, "webhook-signature": "v2,AAAA" } },
    /webhook-signature/,
  ],
  [
    "a signature that is no base64",
    { ...signed(), headers: { ...signed().headers, "webhook-signature": "v1,é" } },
    /webhook-signature/,
  ],
  [
    "another id",
    { ...signed(), headers: { ...signed().headers, "webhook-id": "whd_2" } },
    /webhook-signature/,
  ],
  [
    "no id",
    { ...signed(), headers: { ...signed().headers, "webhook-id": "" } },
    /webhook-id: the header is missing/,
  ],
  [
    "a time that is none",
    { ...signed(), headers: { ...signed().headers, "webhook-timestamp": "1e9" } },
    /webhook-timestamp/,
  ],
  ["a time long ago", signed(BODY, { at: at(-301) }), /301 s ago/],
  ["a time to come", signed(BODY, { at: at(301) }), /301 s ahead/],
  ["a body that is no event", signed('"text"'), /not an event/],
  ["a body that is not JSON", signed("{"), /not an event/],
])("%s is not believed", async (_, webhook, why) => {
  const call = verifyWebhook(webhook, SECRET, now);
  await expect(call).rejects.toThrow(WebhookError);
  await expect(call).rejects.toThrow(why);
});

test("the tolerance is yours, and a secret that is none is told to you, not to the sender", async () => {
  const old = signed(BODY, { at: at(-3600) });
  expect(await verifyWebhook(old, SECRET, { ...now, tolerance_s: 3600 })).toMatchObject({
    type: "order.completed",
  });
  await expect(verifyWebhook(signed(), "whsec_-", now)).rejects.toThrow(TypeError);
});
