import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

/** A few here; `npm run test:crash` makes 500. */
const KILLS = 6;
const WITHIN_MS = 400_000;

test(
  "services, database, provider and mail server are killed under load, and nothing is lost or doubled",
  { timeout: WITHIN_MS + 20_000 },
  async () => {
    const args = [
      "--import",
      "tsx",
      "scripts/crash/main.ts",
      "--kills",
      String(KILLS),
      "--side-by-side",
      "4",
    ];
    // A group of its own: what it started ends with it, also when it takes too long.
    const run = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], detached: true });
    const ended = once(run, "exit") as Promise<[number | null]>;
    const late = sleep(WITHIN_MS, null, { ref: false }).then(() => process.kill(-(run.pid ?? 0), "SIGKILL"));
    late.catch(() => undefined);
    const [output, [code]] = await Promise.all([text(run.stdout), ended]);
    const last = output.trim().split("\n").at(-1) ?? "";
    console.log(last);
    expect(output).toMatch(/^orders [1-9]\d*, kills \d+, lost 0, doubled 0\n$/);
    expect(Number(/kills (\d+)/.exec(last)?.[1])).toBeGreaterThanOrEqual(KILLS);
    expect(code).toBe(0);
  },
);
