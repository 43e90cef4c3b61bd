import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { CommanderError } from "commander";
import { afterAll, describe, expect, test } from "vitest";
import { failureText } from "../../src/cli/failure.ts";
import { policyCommand } from "../../src/cli/policy.ts";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");
const EXAMPLE = "fixtures/policies/example.yaml";
const AT = "2026-03-04T09:00:00Z";

const folder = mkdtempSync(join(tmpdir(), "countersign-policy-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  code: number;
  out: string;
  err: string;
}

/** `countersign policy …`, as an operator runs it. */
async function asProcess(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const options = { cwd: ROOT, env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env } };
  try {
    const { stdout, stderr } = await run(
      process.execPath,
      ["bin/countersign.js", "policy", ...args],
      options,
    );
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

/** The same command in this process, which is much faster. */
async function policy(args: string[]): Promise<Ended> {
  const ended: Ended = { code: 0, out: "", err: "" };
  const output = { write: (text: string) => void (ended.out += text), color: false };
  const command = policyCommand((code) => void (ended.code = code), output);
  for (const each of [command, ...command.commands])
    each.configureOutput({ writeErr: (text) => void (ended.err += text) });
  try {
    await command.parseAsync(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) ended.code = 2;
    else {
      ended.code = 1;
      ended.err += failureText(error);
    }
  }
  return ended;
}

test("the command line ends with 0, 1 or 2, and reads POLICY_FILE", async () => {
  const bad = written("version-2.yaml", example.replace("version: 1", "version: 2"));
  const [good, failed, misused] = await Promise.all([
    asProcess(["check"], { POLICY_FILE: EXAMPLE }),
    asProcess(["explain", "--amount", "1", "--currency", "usd"], { POLICY_FILE: bad }),
    asProcess(["explain", "--currency", "usd"]),
  ]);
  expect(good.out).toMatch(/^\S+example\.yaml is valid: version [0-9a-f]{12}, 5 tiers, 4 rules\n$/);
  expect(failed.err).toContain("version-2.yaml: line 2: version: this release reads version: 1");
  expect(misused.err).toContain("required option '--amount <n>' not specified");
  expect([good.code, failed.code, misused.code]).toEqual([0, 1, 2]);
});

/** A policy file of this text. */
function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const example = readFileSync(resolve(ROOT, EXAMPLE), "utf8");

describe("policy check", () => {
  test("names file, line, place and remedy of every mistake", async () => {
    const text = example.replace("expire_after: 5d", "expire_after: 5").replace("ask: risky", "aks: risky");
    const file = written("mistakes.yaml", text);
    const { code, out } = await policy(["check", file]);
    const line = (part: string) => text.slice(0, text.indexOf(part)).split("\n").length;
    expect(out.split("\n")).toEqual([
      `${file}:${line("expire_after: 5")}: error: timing.expire_after: write a duration as a number and s, m, h or d, such as 24h`,
      `${file}:${line("- name: risky")}: error: rules.0.ask: is missing; add text`,
      `${file}:${line("aks: risky")}: error: rules.0.aks: there is no such key; write one of name, when, ask`,
      "",
    ]);
    expect(code).toBe(1);
  });

  test("gives them to machines", async () => {
    const file = written("bad.yaml", example.replace("version: 1", "version: 2"));
    const { code, out } = await policy(["check", file, "--json"]);
    expect(JSON.parse(out)).toEqual({
      file,
      valid: false,
      version: null,
      mistakes: [{ line: 2, path: "version", message: "this release reads version: 1" }],
      warnings: [],
    });
    expect(code).toBe(1);
  });

  test("warns of what is hardly meant, and takes it", async () => {
    const file = written(
      "warned.yaml",
      example.replace("when: { metadata: { risk: [high, severe] } }", "when: {}"),
    );
    const { code, out } = await policy(["check", file]);
    expect(out).toContain(
      "warning: rules.1: rule our-own-shop is never reached: rule risky holds wherever it does",
    );
    expect(out).toContain("is valid");
    expect(code).toBe(0);
  });

  test("says that a file cannot be read", async () => {
    const { code, err } = await policy(["check", join(folder, "none.yaml")]);
    expect(err).toContain("none.yaml cannot be read; name a policy file that exists");
    expect(code).toBe(1);
  });
});

describe("policy explain", () => {
  test("says who is asked, who is reminded, where it escalates and how it ends", async () => {
    const { code, out } = await policy(["explain", "--amount", "125000", "--currency", "USD", "--at", AT]);
    expect(out.replace(/policy [0-9a-f]{12}/, "policy VERSION")).toBe(
      [
        "An order of 1,250.00 USD that comes Wed 2026-03-04 09:00 UTC",
        "asks tier one, because of orders.USD from 100000 (policy VERSION).",
        "",
        "Gate finance",
        "  needs      any one of finance@example.com, controller@example.com",
        "  asked      Wed 2026-03-04 09:00 UTC  finance@example.com, controller@example.com",
        "  reminded   Thu 2026-03-05 09:00 UTC  finance@example.com, controller@example.com",
        "  escalated  Fri 2026-03-06 09:00 UTC  to cfo@example.com",
        "",
        "It ends Mon 2026-03-09 09:00 UTC, or 24h before the authorization lapses:",
        "without a decision the authorization is released and the order is rejected.",
        "",
      ].join("\n"),
    );
    expect(code).toBe(0);
  });

  test("says that nobody is asked, and by which row", async () => {
    const { out } = await policy(["explain", "--amount", "1", "--currency", "jpy"]);
    expect(out).toContain("because of orders.JPY from 0");
    expect(out).toContain("Nobody is asked: it goes ahead at once.");
  });

  test("says that nobody may approve", async () => {
    const { out } = await policy([
      ...["explain", "--amount", "1000000", "--currency", "usd", "--requested-by", "CFO@example.com"],
    ]);
    expect(out).toContain(
      "It is rejected at once: gate management: nobody but whoever requested it could approve.",
    );
  });

  test("looks at customer, metadata, kind and requester", async () => {
    const because = async (...more: string[]) => {
      const { out } = await policy(["explain", "--file", EXAMPLE, "--amount", "20000", "--json", ...more]);
      return (JSON.parse(out) as { because: string }).because;
    };
    const [usd, eur] = [
      ["--currency", "usd"],
      ["--currency", "eur"],
    ];
    expect(
      await Promise.all([
        because(...usd, "--metadata", "channel=web", "risk=high"),
        because(...usd, "--metadata", "channel=web", "--metadata", "risk=severe"),
        because(...eur, "--customer", "till@shop.example.com"),
        because(...eur, "--kind", "refund"),
        because(...usd, "--requested-by", "robot@example.com"),
      ]),
    ).toEqual(["rule risky", "rule risky", "rule our-own-shop", "rule goodwill", "rule by-the-robot"]);
  });

  test("gives machines the plan and each mail's time", async () => {
    const { out } = await policy([
      ...["explain", "--file", EXAMPLE, "--amount", "1000000", "--currency", "usd", "--at", AT, "--json"],
    ]);
    expect(JSON.parse(out)).toMatchObject({
      file: EXAMPLE,
      tier: "two",
      because: "orders.USD from 1000000",
      at: "2026-03-04T09:00:00.000Z",
      plan: { because: "orders.USD from 1000000", on_timeout: "reject" },
      gates: [
        { name: "finance", mails: [{ at: "2026-03-04T09:00:00.000Z", mail: "request" }, {}, {}] },
        { name: "management", need: 2, confirm_amount: true, ends_at: "2026-03-09T09:00:00.000Z" },
      ],
      outcome: "rejected",
    });
  });

  test.each([
    ["without an amount", ["--currency", "usd"], "required option '--amount <n>' not specified"],
    ["with an amount in decimals", ["--amount", "12.50", "--currency", "usd"], "write a whole number"],
    ["with a currency in words", ["--amount", "1", "--currency", "dollars"], "write an ISO 4217 code"],
    ["with a kind of its own", ["--amount", "1", "--currency", "usd", "--kind", "gift"], "order, refund"],
    [
      "with a time without a zone",
      ["--amount", "1", "--currency", "usd", "--at", "2026-03-04T09:00"],
      "zone",
    ],
    ["with metadata without a value", ["--amount", "1", "--currency", "usd", "--metadata", "x"], "key=value"],
    ["with an option of no command", ["--amount", "1", "--currency", "usd", "--colour"], "unknown option"],
  ])("ends with 2 when called %s", async (_, args, said) => {
    const { code, err } = await policy(["explain", ...args]);
    expect(err).toContain(said);
    expect(code).toBe(2);
  });
});

// `npx vitest run test/cli/policy.test.ts -u` writes the page anew.
test("docs/policy.md shows the example, and what each of its commands says", async () => {
  const page = readFileSync(resolve(ROOT, "docs/policy.md"), "utf8");
  let shown = page.replace(/```yaml\n[^]*?```/, () => `\`\`\`yaml\n${example}\`\`\``);
  const commands = [...page.matchAll(/```console\n\$ npx countersign policy (.*)\n[^]*?```/g)];
  expect(commands.length).toBeGreaterThan(2);
  const outputs = await Promise.all(commands.map(([, args = ""]) => policy(args.split(" "))));
  for (const [i, [block, args]] of commands.entries())
    shown = shown.replace(
      block,
      () => `\`\`\`console\n$ npx countersign policy ${args}\n${outputs[i]?.out ?? ""}\`\`\``,
    );
  await expect(shown).toMatchFileSnapshot(resolve(ROOT, "docs/policy.md"));
});
