import { expect, test } from "vitest";
import { openApi, OPERATIONS } from "../../src/contract/openapi.ts";
import { referencePage, REFERENCE_HEADERS, type ReferenceView } from "../../src/http/docs-page.ts";

const page = referencePage(openApi("https://orders.example.com") as unknown as ReferenceView);

test("the reference page shows every operation and every answer, and each of its links leads somewhere", () => {
  for (const { path, summary } of OPERATIONS) {
    expect(page).toContain(`<code>${path}</code>`);
    expect(page).toContain(summary.replaceAll("'", "&#39;").slice(0, 40));
  }
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const broken = [...page.matchAll(/href="#([^"]+)"/g)].filter(([, id]) => !ids.has(id));
  expect(broken).toEqual([]);
  expect(page).toContain("items[].quantity");
});

test("the reference page loads nothing and runs nothing", () => {
  expect(page).not.toMatch(
    /<script|<link|<img|\son\w+=|src=|javascript:|https?:\/\/(?!orders\.example\.com)[^<"]*"/,
  );
  expect(REFERENCE_HEADERS["Content-Security-Policy"]).toContain("default-src 'none'");
  expect(REFERENCE_HEADERS["Content-Security-Policy"]).not.toContain("unsafe");
});
