import { expect, test } from "vitest";
import { fillerFor } from "../../scripts/replay/fill-in.ts";
import { RECORDED_AT } from "../../scripts/replay/times.ts";

const order = {
  id: "ord_01m82r8fmcbkwnkxn5x3j6djr5",
  payment_id: null,
  session_id: "cs_test_1",
  created_at: "2026-12-24T18:00:00.000Z",
};
const fill = (text: string, of = order) => fillerFor(of)(text).toString();

test("placeholders become the order's names", () => {
  expect(fill(`{"order_id":"{{order_id}}","id":"{{session_id}}"}`)).toBe(
    `{"order_id":"${order.id}","id":"cs_test_1"}`,
  );
});

test("a placeholder for what the order does not have, or that nobody knows, is refused", () => {
  expect(() => fill("{{payment_id}}")).toThrow("has nothing for {{payment_id}}");
  expect(() => fill("{{weather}}")).toThrow("no placeholder");
});

test("the same order always gives the same bytes, another order other ids", () => {
  const text = `{"id":"evt_3JW44cOokt0BDKmAihojk8JI","payment_intent":"pi_3BFzAP2vzZkPTD5XCHDo6vhi"}`;
  const other = { ...order, id: "ord_01m82r8fktt7csd9vw51py0j1m" };
  expect(fill(text)).toBe(fill(text));
  expect(fill(text)).not.toBe(fill(text, other));
  expect(fill(text)).toMatch(/^\{"id":"evt_3[A-Za-z0-9]{23}","payment_intent":"pi_3[A-Za-z0-9]{23}"\}$/);
});

test("an id stays the same throughout the bodies of an order", () => {
  const filler = fillerFor(order);
  const payment = (text: Buffer) => /pi_\w{24}/.exec(text.toString())?.[0];
  expect(payment(filler("pi_3BFzAP2vzZkPTD5XCHDo6vhi"))).toBe(
    payment(filler("x pi_3BFzAP2vzZkPTD5XCHDo6vhi_secret_a")),
  );
});

test("times move with the order, and nothing else that is a number", () => {
  const createdAt = Date.parse(order.created_at) / 1000;
  const text = `{"created":${RECORDED_AT + 60},"amount":99999999,"last4":"4242","big":12345678901,"version":1700000000.5}`;
  expect(JSON.parse(fill(text))).toEqual({ ...JSON.parse(text), created: createdAt + 60 });
});
