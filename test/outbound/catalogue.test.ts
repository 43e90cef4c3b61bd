import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { EVENT_TYPES, eventSchema, eventTable, FILTERS } from "../../src/contract/events/catalogue.ts";
import { PING, RETRY_AFTER_S } from "../../src/domain/delivery.ts";
import { newPing, TOLD_OF_APPROVALS, TOLD_OF_ORDERS } from "../../src/domain/merchant-events.ts";
import { ORDER_STATUSES } from "../../src/domain/order.ts";
import { send } from "../../src/outbound/send.ts";
import { freePort } from "../helpers/process.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PAGE = resolve(ROOT, "docs/webhooks.md");

test("docs/webhooks.md lists every type of event (this file with -u behind it writes it)", async () => {
  const page = readFileSync(PAGE, "utf8");
  const written = page.replace(
    /(<!-- written by .*? -->\n)[^]*(<!-- end -->)/,
    (_, begin: string, end: string) => `${begin}\n${eventTable()}\n\n${end}`,
  );
  await expect(written).toMatchFileSnapshot(PAGE);
});

test("docs/webhooks.md tells the schedule as it is", () => {
  const told = RETRY_AFTER_S.map((s) => (s < 60 ? `${s} s` : s < 3600 ? `${s / 60} min` : `${s / 3600} h`));
  const list = `${told.slice(0, -1).join(", ")} and ${told.at(-1)}`;
  expect(readFileSync(PAGE, "utf8").replaceAll(/\s+/g, " ")).toContain(`tried again in ${list},`);
});

test("everything that is told has a type with a schema, and can be filtered", () => {
  const told = [
    ...ORDER_STATUSES.map((status) => `order.${status}`),
    ...TOLD_OF_ORDERS,
    ...TOLD_OF_APPROVALS,
  ];
  const types = EVENT_TYPES.map(({ type }) => type);
  expect(types).toEqual(expect.arrayContaining(told));
  expect(new Set(types).size).toBe(types.length);
  expect(FILTERS).toEqual(expect.arrayContaining(["*", "order.*", "refund.*", "approval.*", ...told]));
  const ping = JSON.parse(newPing("whe_1", new Date()).body) as unknown;
  expect(eventSchema(PING)?.safeParse(ping)).toMatchObject({ success: true });
});

test(
  "the receiver of docs/webhooks.md takes what is signed, and nothing else",
  { timeout: 20_000 },
  async () => {
    const code = /```js\n([^]*?)```/.exec(readFileSync(PAGE, "utf8"))?.[1] ?? "";
    expect(code.trim().split("\n").length).toBeLessThanOrEqual(17);
    const port = await freePort();
    const secret = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;
    const receiver = spawn(
      process.execPath,
      ["--input-type=module", "-e", code.replace("listen(4000)", `listen(${port}, () => console.log("up"))`)],
      { cwd: ROOT, env: { ...process.env, WEBHOOK_SECRET: secret }, stdio: ["ignore", "pipe", "inherit"] },
    );
    let said = "";
    receiver.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    try {
      await once(receiver.stdout, "data");
      const { id, body } = newPing("whe_1", new Date());
      const post = (with_: string) =>
        send({ url: `http://127.0.0.1:${port}/`, secrets: [with_], id, body }, { strict: false });
      expect(await post(secret)).toMatchObject({ outcome: "accepted", status: 204 });
      const wrong = `whsec_${Buffer.alloc(32, 6).toString("base64")}`;
      expect(await post(wrong)).toMatchObject({ outcome: "failed", reason: "the answer was 400" });
      expect(said).toContain(`${id} ${PING} whe_1`);
    } finally {
      receiver.kill();
      await once(receiver, "exit");
    }
  },
);
