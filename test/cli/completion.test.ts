import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");
const BASH_COMPLETION = "/usr/share/bash-completion/bash_completion";

let folder: string;

// `countersign` as a shell finds it, and files to choose from.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-completion-"));
  const command = join(folder, "bin/countersign");
  await mkdir(join(folder, "bin"));
  await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/bin/countersign.js" "$@"\n`);
  await chmod(command, 0o755);
  await mkdir(join(folder, "here/trails"), { recursive: true });
  for (const path of ["policy.yaml", "trails/one.ndjson", "trails/two.ndjson"])
    await writeFile(join(folder, "here", path), "");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const shell = async (name: string, script: string): Promise<string> => {
  const env = { PATH: `${join(folder, "bin")}:${process.env["PATH"]}`, HOME: folder };
  return (await run(name, ["-c", script], { env, cwd: join(folder, "here") })).stdout;
};

/** What is offered after the words, of which the last is unfinished. */
const offered = async (...words: string[]): Promise<string[]> => {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const lines = (await shell("sh", `countersign complete -- ${quoted}`)).trim().split("\n");
  return lines.slice(0, -1).map((line) => line.split("\t")[0] ?? "");
};

test("commands, options, their values and files are offered, each where it fits", async () => {
  const answers = await Promise.all([
    offered("inb"),
    offered("inbox", ""),
    offered("inbox", "ls", "--st"),
    offered("inbox", "ls", "--state", "p"),
    offered("serve", "--role", ""),
    offered("policy", "explain", "--kind", ""),
    offered("policy", "check", "po"),
    offered("verify", "tr"),
  ]);
  expect(answers).toEqual([
    ["inbox"],
    ["ls", "show", "replay", "export", "help"],
    ["--state"],
    ["parked"],
    ["all", "api", "worker"],
    ["order", "refund"],
    ["policy.yaml"],
    ["trails/", "trails/one.ndjson", "trails/two.ndjson"],
  ]);
});

test("bash completes with the script that is printed for it", async ({ skip }) => {
  skip(!existsSync(BASH_COMPLETION), "the package bash-completion is not installed");
  const printed = await shell(
    "bash",
    `source ${BASH_COMPLETION}
     source <(countersign completion bash)
     COMP_WORDS=(countersign inbox ls --state qu) COMP_CWORD=4
     COMP_LINE="\${COMP_WORDS[*]}" COMP_POINT=\${#COMP_LINE}
     $(complete -p countersign | sed 's/.*-F \\([^ ]*\\).*/\\1/') 2>/dev/null
     printf '%s\\n' "\${COMPREPLY[@]}"`,
  );
  expect(printed).toBe("quarantined\n");
});

test("a shell that is not known is refused with those that are", async () => {
  const refused = shell("sh", "countersign completion ksh");
  await expect(refused).rejects.toMatchObject({ code: 2 });
  await expect(refused).rejects.toThrow(/zsh, bash, fish/);
});
