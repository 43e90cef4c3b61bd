import axe from "axe-core";
import type { Page } from "playwright-core";

/**
 * What is seriously wrong on a page for people who use it with other means, one line each; empty is good.
 * @param page of a context with `bypassCSP`, since the checker is a script of its own
 */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
}
