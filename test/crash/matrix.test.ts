import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const KILLS = 10;

test("services, database, provider and mail server are killed under load, and nothing is lost or doubled", async () => {
  const args = ["--import", "tsx", "scripts/crash/main.ts", "--kills", String(KILLS)];
  const run = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [output, [code]] = await Promise.all([text(run.stdout), once(run, "exit") as Promise<number[]>]);
  const last = output.trim().split("\n").at(-1) ?? "";
  console.log(last);
  expect(output).toMatch(/^orders [1-9]\d*, kills \d+, lost 0, doubled 0\n$/);
  expect(Number(/kills (\d+)/.exec(last)?.[1])).toBeGreaterThanOrEqual(KILLS);
  expect(code).toBe(0);
}, 300_000);
