import { Command } from "commander";
import { request, type Target } from "./client.ts";
import { exportInbox } from "./inbox-export.ts";
import { filtered, filterOf, type FilterFlags } from "./inbox-filter.ts";
import { inboxTable, type InboxRow } from "./inbox.ts";
import { stdout, type Output } from "./output.ts";
import { UsageError } from "../../scripts/replay/fixtures.ts";

type Flags<More = object> = Target & FilterFlags & { json: boolean } & More;

const INBOX = "/v1/webhooks/inbox";

interface Report {
  matched: number;
  replayed: number;
  states: Record<string, number>;
  next_cursor: string | null;
}

/** `inbox …`; `remote` adds the options of every command that talks to a running service. */
export function inboxCommand(remote: (command: Command) => Command, output: Output = stdout): Command {
  const inbox = new Command("inbox").description("received webhooks");
  const write = (text: string) => output.write(text);
  const show = (json: boolean, value: unknown, text: () => string) =>
    write(json ? `${JSON.stringify(value)}\n` : text());

  filtered(remote(inbox.command("ls").description("list the newest")))
    .option("--limit <n>", "how many, 1 to 100", "20")
    .option("--cursor <cursor>", "go on after the page that named it")
    .action(async ({ limit, cursor, ...flags }: Flags<{ limit: string; cursor?: string }>) => {
      const query = new URLSearchParams({ ...filterOf(flags), limit, ...(cursor ? { cursor } : {}) });
      const list = await request<{ data: InboxRow[]; next_cursor: string | null }>(
        flags,
        "GET",
        `${INBOX}?${query.toString()}`,
      );
      const more = list.next_cursor ? `more: --cursor ${list.next_cursor}\n` : "";
      show(flags.json, list, () => inboxTable(list.data, output) + more);
    });

  remote(
    inbox.command("show").argument("<id>").description("one of them: headers, body, and what it did"),
  ).action(async (id: string, target: Target) => {
    const webhook = await request<unknown>(target, "GET", `${INBOX}/${encodeURIComponent(id)}`);
    write(`${JSON.stringify(webhook, null, 2)}\n`);
  });

  filtered(
    remote(
      inbox
        .command("replay")
        .argument("[id]", "one of them; or name a filter")
        .description("take them in once more; for an order that knows it already nothing changes"),
    ),
  )
    .option("--dry-run", "only count them", false)
    .action(async (id: string | undefined, { dryRun, ...flags }: Flags<{ dryRun: boolean }>) => {
      if (id !== undefined) {
        const row = await request<InboxRow>(flags, "POST", `${INBOX}/${encodeURIComponent(id)}/replay`);
        return show(flags.json, row, () => inboxTable([row], output));
      }
      const report = dryRun ? await count(flags) : await replayAll(flags, flags.json ? () => {} : write);
      show(
        flags.json,
        report,
        () => `${report.matched} matched, ${report.replayed} replayed${statesOf(report)}\n`,
      );
    });

  filtered(
    remote(
      inbox
        .command("export")
        .description("write them as fixtures that replay plays, with the orders that they are about"),
    ),
  )
    .requiredOption("--out <dir>", "where the fixtures go")
    .option("--keep-personal", "leave names, addresses and card digits as they came", false)
    .option("--remap", "give every id of the provider another name", false)
    .action(async (flags: Flags<{ out: string; keepPersonal: boolean; remap: boolean }>) => {
      const filter = filterOf(flags);
      if (Object.keys(filter).length === 0)
        throw new UsageError(
          "inbox export: name a filter, such as --order ord_… or --after 2026-01-31T00:00:00Z",
        );
      const report = await exportInbox(flags, { ...flags, filter, onProgress: () => {} });
      show(flags.json, report, () => {
        const orders = report.orders.map(
          ({ scenario, webhooks, expected, note }) =>
            `${scenario}  ${webhooks} webhooks  ${expected ?? note ?? ""}\n`,
        );
        const loose =
          report.loose > 0 ? `${report.loose} webhooks of no order in webhooks/of-no-order\n` : "";
        const skipped = report.skipped.map(({ event_id, reason }) => `left out: ${event_id}: ${reason}\n`);
        return [...orders, loose, ...skipped, `play them: npx countersign replay ${report.out}\n`].join("");
      });
    });
  return inbox;
}

const body = (flags: FilterFlags, more: object) => ({ filter: filterOf(flags), ...more });

const count = (flags: Flags): Promise<Report> =>
  request(flags, "POST", `${INBOX}/replay`, body(flags, { dry_run: true }));

/** As many calls as it takes, and after each how far it is. */
async function replayAll(flags: Flags, write: (text: string) => void): Promise<Report> {
  const total = await count(flags);
  const sum: Report = { matched: total.matched, replayed: 0, states: {}, next_cursor: null };
  for (let cursor: string | null = ""; cursor !== null;) {
    const step: Report = await request(
      flags,
      "POST",
      `${INBOX}/replay`,
      body(flags, { dry_run: false, ...(cursor ? { cursor } : {}) }),
    );
    sum.replayed += step.replayed;
    for (const [state, n] of Object.entries(step.states)) sum.states[state] = (sum.states[state] ?? 0) + n;
    cursor = step.next_cursor;
    if (cursor !== null) write(`${sum.replayed} of ${sum.matched}\n`);
  }
  return sum;
}

const statesOf = ({ states }: Report): string => {
  const each = Object.entries(states).map(([state, n]) => `${n} ${state}`);
  return each.length > 0 ? `: ${each.join(", ")}` : "";
};
