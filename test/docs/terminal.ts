import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { builtEntry } from "../helpers/built.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** What a reader has: a terminal in the project's folder, and a service that runs. */
export interface Terminal {
  sh(script: string): Promise<Ran>;
  ts(program: string): Promise<Ran>;
  close(): Promise<void>;
}

export interface Ran {
  code: number;
  output: string;
}

/** Commands that talk to a running service, whose address is not the one in the pages. */
const REMOTE = "trail|verify|inbox|keys|reconcile|checkpoint";

/** A folder that looks like the project's, in which nothing is spoilt, and `npx countersign` as it is installed. */
export async function openTerminal(url: string, env: Record<string, string>): Promise<Terminal> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-docs-"));
  await mkdir(join(folder, "bin"));
  const socket = join(folder, "cli.sock");
  const cli = builtEntry("cli").at(-1) ?? "";
  const host = spawn(process.execPath, [join(import.meta.dirname, "cli-host.js"), cli, socket], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], HOME: folder, DATA_DIR: join(folder, ".data") },
  });
  await once(host.stdout, "data");
  await writeFile(
    join(folder, "bin/npx"),
    `#!/bin/bash
[ "$1" = countersign ] || { echo "only npx countersign is known here, not $1" >&2; exit 2; }
shift
case "$1" in ${REMOTE}) set -- "$@" --url "$COUNTERSIGN_URL";; esac
printf '%s\\0' "$PWD" "$@" | curl -sS --unix-socket '${socket}' --data-binary @- http://cli/ |
  { read -r code; cat; exit "$code"; }
`,
  );
  await chmod(join(folder, "bin/npx"), 0o755);
  for (const name of ["fixtures", "examples", "node_modules", "src"])
    await symlink(join(ROOT, name), join(folder, name));
  const options = {
    cwd: folder,
    timeout: 60_000,
    env: {
      ...{ PATH: `${join(folder, "bin")}:${process.env["PATH"]}`, HOME: folder, COUNTERSIGN_URL: url },
      ...{ TSX_TSCONFIG_PATH: join(ROOT, "tsconfig.json") },
      ...env,
    },
  };
  const run = (file: string, args: string[]): Promise<Ran> =>
    new Promise((resolve) => {
      execFile(file, args, options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, output: stdout + stderr });
      });
    });
  return {
    sh: (script) => run("bash", ["-euxo", "pipefail", "-c", script]),
    async ts(program) {
      const file = join(folder, "page.mts");
      await writeFile(file, program);
      return run(process.execPath, ["--import", import.meta.resolve("tsx"), file]);
    },
    async close() {
      host.kill();
      await once(host, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}
