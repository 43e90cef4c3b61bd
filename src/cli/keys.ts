import { Command } from "commander";
import type { ApiKeyAnswer, ApiKeyWithKey } from "../contract/answers/api-keys.ts";
import type { List } from "../contract/paging.ts";
import { UsageError } from "../../scripts/replay/fixtures.ts";
import { request, type Target } from "./client.ts";
import { paint, stdout, type Output } from "./output.ts";

type Flags<More = object> = Target & { json: boolean } & More;

const KEYS = "/v1/api-keys";

/** `keys …`; `remote` adds the options of every command that talks to a running service. */
export function keysCommand(remote: (command: Command) => Command, output: Output = stdout): Command {
  const keys = new Command("keys").description("API keys made while the service runs (role admin)");
  const show = (json: boolean, value: unknown, text: () => string) =>
    output.write(json ? `${JSON.stringify(value)}\n` : text());

  remote(keys.command("ls").description("list the newest"))
    .option("--limit <n>", "how many, 1 to 100", "20")
    .option("--cursor <cursor>", "go on after the page that named it")
    .action(async ({ limit, cursor, ...flags }: Flags<{ limit: string; cursor?: string }>) => {
      const query = new URLSearchParams({ limit, ...(cursor ? { cursor } : {}) });
      const list = await request<List<ApiKeyAnswer>>(flags, "GET", `${KEYS}?${query.toString()}`);
      const more = list.next_cursor ? `more: --cursor ${list.next_cursor}\n` : "";
      show(flags.json, list, () => list.data.map((key) => keyLine(key, output)).join("") + more);
    });

  remote(keys.command("create").description("make one; it is shown this once"))
    .requiredOption("--role <role>", "viewer, support, finance or admin")
    .option("--user <user>", "as whom its holder acts")
    .option("--description <text>", "what it is for")
    .option("--expires-in <when>", "such as 90d, 12h or 30m; without it the key does not expire")
    .action(
      async (flags: Flags<{ role: string; user?: string; description?: string; expiresIn?: string }>) => {
        const { role, user, description, expiresIn } = flags;
        const made = await request<ApiKeyWithKey>(flags, "POST", KEYS, {
          ...{ role, user, description },
          ...(expiresIn === undefined ? {} : { expires_in: secondsOf("--expires-in", expiresIn) }),
        });
        show(flags.json, made, () => keyLine(made, output) + onceLine(made));
      },
    );

  remote(keys.command("rotate").argument("<id>", "key_…").description("give it another value"))
    .option("--grace <when>", "how long the former one is good, such as 7d or 0m", "1d")
    .action(async (id: string, flags: Flags<{ grace: string }>) => {
      const path = `${KEYS}/${encodeURIComponent(id)}/rotate`;
      const rotated = await request<ApiKeyWithKey>(flags, "POST", path, {
        grace_s: secondsOf("--grace", flags.grace),
      });
      show(flags.json, rotated, () => keyLine(rotated, output) + onceLine(rotated));
    });

  remote(
    keys
      .command("revoke")
      .argument("<id>", "key_…")
      .description("end it, and the sessions signed in with it"),
  ).action(async (id: string, flags: Flags) => {
    await request<null>(flags, "DELETE", `${KEYS}/${encodeURIComponent(id)}`);
    show(
      flags.json,
      { id, revoked: true },
      () => `${id} is revoked; every process refuses it in two seconds\n`,
    );
  });
  return keys;
}

const onceLine = ({ key }: ApiKeyWithKey): string => `${key}\nkeep it now: it is not shown again\n`;

function keyLine(key: ApiKeyAnswer, output: Output): string {
  const c = paint(output);
  const state = stateOf(key, new Date());
  const used = key.last_used_at === null ? "never used" : `used ${key.last_used_at}`;
  const shown = state === "live" ? c.green(state.padEnd(7)) : c.red(state.padEnd(7));
  return `${key.id}  ${shown}  ${key.role.padEnd(7)}  ${key.user}  ${key.hint}  ${used}${key.description ? `  ${key.description}` : ""}\n`;
}

function stateOf({ revoked_at, expires_at }: ApiKeyAnswer, now: Date): "live" | "revoked" | "expired" {
  if (revoked_at !== null) return "revoked";
  return expires_at !== null && new Date(expires_at) <= now ? "expired" : "live";
}

/** @throws UsageError */
function secondsOf(option: string, text: string): number {
  const [, amount, unit] = /^(\d{1,5})([dhm])$/.exec(text) ?? [];
  if (amount === undefined) throw new UsageError(`${option}: write 90d, 12h or 30m, not ${text}`);
  return Number(amount) * { d: 86_400, h: 3_600, m: 60 }[unit as "d" | "h" | "m"];
}
