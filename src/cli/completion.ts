import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { PROCESS_ROLES } from "../config/process.ts";
import { INBOUND_STATES } from "../contract/inbox.ts";

const INBOX_FILTER = { state: INBOUND_STATES, provider: ["stripe", "standard"] };

/** What an option takes where it is one of a few, by command. What an option takes by `choices` is known without. */
const VALUES: Record<string, Record<string, readonly string[]>> = {
  serve: { role: PROCESS_ROLES },
  "inbox ls": INBOX_FILTER,
  "inbox replay": INBOX_FILTER,
  "inbox export": INBOX_FILTER,
};

/** Options and arguments that are files. */
const FILES: Record<string, { options?: readonly string[]; argument?: string }> = {
  verify: { argument: "what", options: ["checkpoint", "key"] },
  replay: { argument: "paths" },
  provider: { options: ["data-dir"] },
  "policy check": { argument: "file" },
  "policy explain": { options: ["file"] },
  "inbox export": { options: ["out"] },
};

/**
 * Adds `completion SHELL`, which prints a script for bash, zsh, fish or PowerShell, and what that script asks: the commands, options
 * and values that the program has. Called when it has all of them.
 */
export function addCompletion(program: Command): void {
  const known = tab(program, { completionCommandName: "completion" });
  const found = <Part>(part: Part | undefined, what: string): Part => {
    if (part === undefined) throw new Error(`completion: there is no ${what}`);
    return part;
  };
  const command = (name: string) => found(known.commands.get(name), name);
  const option = (name: string, long: string) => found(command(name).options.get(long), `${name} --${long}`);
  for (const [name, options] of Object.entries(VALUES))
    for (const [long, values] of Object.entries(options))
      option(name, long).handler = (offer) => values.forEach((value) => offer(value, ""));
  for (const [name, { options = [], argument }] of Object.entries(FILES)) {
    for (const long of options) option(name, long).handler = offerFiles;
    if (argument !== undefined)
      found(command(name).arguments.get(argument), `${name} ${argument}`).handler = offerFiles;
  }
}

/** Shells are told that nothing else than what is offered fits, so files are too. A folder alone is offered with what is in it. */
function offerFiles(offer: (value: string, description: string) => void): void {
  // The script asks `complete -- WORDS`, of which the last is unfinished.
  const paths = pathsFrom(process.argv.at(-1) ?? "");
  const [only, ...others] = paths;
  const inside = only?.endsWith("/") && others.length === 0 ? pathsFrom(only) : [];
  for (const path of [...paths, ...inside]) offer(path, "");
}

/** Those that begin so, folders with a `/` at the end. */
function pathsFrom(typed: string): string[] {
  const folder = typed.endsWith("/") ? typed : dirname(typed);
  const before = typed.includes("/") ? (typed.endsWith("/") ? typed : join(folder, "/")) : "";
  try {
    return readdirSync(folder, { withFileTypes: true })
      .map((entry) => `${before}${entry.name}${entry.isDirectory() ? "/" : ""}`)
      .filter((path) => path.startsWith(typed));
  } catch {
    return []; // no such folder, or not ours to read
  }
}
