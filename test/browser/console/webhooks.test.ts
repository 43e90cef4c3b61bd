import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumMissing, launchBrowser } from "../../helpers/browser.ts";
import { expectFits, openConsole } from "../../helpers/console.ts";
import { startTestService, type TestService } from "../../helpers/service.ts";
import { deliver, event, intent } from "../../inbox/provider-events.ts";

describe.skipIf(chromiumMissing())("webhooks, health and reconciliation in the console", () => {
  let service: TestService;
  let browser: Browser;
  /** A merchant's system that is broken until it is mended. */
  let merchant: Server;
  let answer = 500;
  beforeAll(async () => {
    merchant = createServer((request, response) => {
      request.resume();
      response.writeHead(answer).end(answer === 500 ? "out of order" : "");
    }).listen(0, "127.0.0.1");
    [service, browser] = await Promise.all([
      startTestService(),
      launchBrowser(),
      once(merchant, "listening"),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.end();
    merchant?.close();
  });

  /** An event of a payment that nobody knows. */
  async function strange(id: string): Promise<void> {
    const sent = { ...event("payment_intent.succeeded", intent(`pi_${id}`)), id: `evt_${id}` };
    expect(await deliver(service.url, sent)).toBe(204);
  }

  test("one that found no order is seen as it comes, tried out and replayed", async () => {
    const { page, troubles } = await openConsole({ browser, service }, "/webhooks");
    await page.getByText("Live", { exact: true }).waitFor();
    await strange("one");
    await page.getByText("evt_one").waitFor();
    await strange("two");
    await page.getByText("evt_two").waitFor();
    await page
      .getByText(/^Parked/)
      .first()
      .click();
    await expect.poll(() => new URL(page.url()).search).toBe("?state=parked");
    await page.getByRole("button", { name: "Replay these" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Dry run: 2 webhooks match.").waitFor();
    await dialog.getByRole("button", { name: "Replay 2" }).click();
    await dialog.getByText("2 replayed").waitFor();
    await dialog.getByText("Parked: 2").waitFor();
    await dialog.getByRole("button", { name: "Done" }).click();

    await page.getByRole("link", { name: "payment_intent.succeeded" }).first().click();
    await page.getByText("No order knows what it names yet.").waitFor();
    await page.getByText('"object": "payment_intent"').waitFor();
    await page.getByRole("button", { name: "Replay" }).click();
    await dialog.getByRole("button", { name: "Replay it" }).click();
    await page.getByText(/^Replayed: parked/).waitFor();
    expect(troubles).toEqual([]);
  });

  test("an endpoint is made, fails, is mended, and is sent the event again", async () => {
    const { page, troubles } = await openConsole({ browser, service }, "/endpoints");
    await page.getByRole("button", { name: "New endpoint" }).click();
    const dialog = page.getByRole("dialog");
    const { port } = merchant.address() as AddressInfo;
    await dialog.getByLabel("URL").fill(`http://127.0.0.1:${port}/hooks`);
    await dialog.getByLabel("Description").fill("The shop");
    await dialog.getByRole("button", { name: "Create it" }).click();
    await page.getByText(/^whsec_/).waitFor();
    await page.getByRole("button", { name: "I have kept it" }).click();
    await page.getByText("The shop").click();
    await page.getByRole("heading", { name: "The shop" }).waitFor();
    await service.create({ reference: "PO-told" });
    await page.getByRole("button", { name: "order.created" }).click();
    const drawer = page.getByRole("dialog", { name: "order.created" });
    await drawer.getByText("Answered 500").first().waitFor();
    await drawer.getByText("“out of order”").first().waitFor();
    answer = 204;
    await drawer.getByRole("button", { name: "Send it again now" }).click();
    await drawer.getByText("Answered 204").waitFor();
    await drawer.getByText("Delivered").waitFor();
    expect(troubles).toEqual([]);
  });

  test("health counts and draws what happens, and leads to it", async () => {
    const { page, troubles } = await openConsole({ browser, service }, "/health");
    const tile = page.getByRole("region", { name: "Open orders" });
    const before = Number(await tile.locator("p").nth(1).textContent());
    const order = await service.create();
    await expect.poll(async () => Number(await tile.locator("p").nth(1).textContent())).toBe(before + 1);
    await page.locator("canvas").first().waitFor({ state: "attached" });
    expect(await page.locator("canvas").count()).toBe(4);
    const drawn = await page.evaluate<boolean>(`(() => {
      const canvas = document.querySelector("canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value > 0);
    })()`);
    expect(drawn).toBe(true);
    await page.getByText(/^Created: [1-9]/).waitFor();
    await tile.getByRole("link", { name: /Awaiting payment/ }).click();
    await page.getByRole("link", { name: order.reference }).first().waitFor();
    expect(troubles).toEqual([]);
  });

  test("the books are compared at a click, and the result is there without another", async () => {
    const order = await service.create();
    await service.pay(order);
    const { page, troubles } = await openConsole({ browser, service }, "/reconciliations");
    await page.getByRole("button", { name: "Compare now" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Compare" }).click();
    await page.getByText(/\d+ orders?, all agree/).waitFor();
    await page.getByText("Finished").first().waitFor();
    expect(troubles).toEqual([]);
  });

  test("hinder nobody", async () => {
    await strange("three");
    const { body } = await service.call<{ data: { id: string }[] }>("GET", "/v1/webhooks/inbox?limit=1");
    const endpoints = await service.call<{ data: { id: string }[] }>("GET", "/v1/webhook-endpoints");
    await expectFits({ browser, service }, [
      "/webhooks",
      `/webhooks/${body.data[0]?.id}`,
      "/endpoints",
      `/endpoints/${endpoints.body.data[0]?.id}`,
      "/health",
      "/reconciliations",
    ]);
  });
});
