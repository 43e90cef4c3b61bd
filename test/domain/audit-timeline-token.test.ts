import { expect, test } from "vitest";
import { readTimelineToken, timelineToken } from "../../src/domain/audit-timeline-token.ts";

const [first, second] = [
  { version: "1", secret: "0123456789abcdef" },
  { version: "2", secret: "fedcba9876543210" },
] as const;
const grant = { order_id: "ord_1", expires: 1_800_000_000, sources: false };
const before = new Date(1_799_999_999_000);

test("a timeline's link opens one order, as it was granted, until it ends", () => {
  const token = timelineToken(first, grant);
  expect(readTimelineToken([second, first], "ord_1", token, before)).toEqual(grant);
  expect(readTimelineToken([first], "ord_2", token, before)).toBeNull();
  expect(readTimelineToken([second], "ord_1", token, before)).toBeNull();
  expect(readTimelineToken([first], "ord_1", token, new Date(1_800_000_000_000))).toBe("expired");
  expect(readTimelineToken([first], "ord_1", token.replace(".t.", ".s."), before)).toBeNull();
  expect(readTimelineToken([first], "ord_1", "", before)).toBeNull();
});
