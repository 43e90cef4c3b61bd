import type { Command } from "commander";

/** Which received webhooks, as the command line names it. */
export interface FilterFlags {
  state?: string;
  provider?: string;
  type?: string;
  order?: string;
  event?: string;
  after?: string;
  before?: string;
}

/** Adds the filters that every command over received webhooks takes. */
export const filtered = (command: Command): Command =>
  command
    .option("--state <state>", "routed, parked, ignored, quarantined or failed")
    .option("--provider <name>", "of one provider, such as stripe")
    .option("--type <type>", "of one type, such as charge.refunded")
    .option("--order <id>", "of one order, ord_…")
    .option("--event <id>", "the provider's own id, evt_…")
    .option("--after <time>", "received after, such as 2026-01-31T00:00:00Z")
    .option("--before <time>", "received before");

/** The filter as the API takes it. */
export const filterOf = (flags: FilterFlags): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      state: flags.state,
      provider: flags.provider,
      type: flags.type,
      order_id: flags.order,
      event_id: flags.event,
      received_after: flags.after,
      received_before: flags.before,
    }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
