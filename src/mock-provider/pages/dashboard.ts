import type { World } from "../call.ts";
import { formatAmount } from "../currencies.ts";
import { eta, page } from "./layout.ts";

const TEMPLATE = `<main class="board"><h1>Mock provider</h1>
<p class="soft small">Clock <%= it.now %>. Accounts: <%= it.accounts %>. Controls under <code>/_mock</code>.</p>
<section class="card"><h2>Payments</h2><div class="scroll"><table><thead><tr><th>Payment</th><th>Amount</th><th>Status</th><th>Reference</th><th>Created</th></tr></thead><tbody>
<% it.payments.forEach(function (each) { %><tr><td><code><%= each.id %></code></td><td class="num"><%= each.amount %></td><td><span class="pill <%= each.tone %>"><%= each.status %></span></td><td><%= each.reference %></td><td><%= each.created %></td></tr><% }) %>
<% if (it.payments.length === 0) { %><tr><td colspan="5" class="soft">No payment yet.</td></tr><% } %></tbody></table></div></section>
<section class="card"><h2>Events and deliveries</h2><div class="scroll"><table><thead><tr><th>Event</th><th>Type</th><th>About</th><th>Deliveries</th></tr></thead><tbody>
<% it.events.forEach(function (each) { %><tr><td><code><%= each.id %></code></td><td><%= each.type %></td><td><code><%= each.about %></code></td><td><% each.deliveries.forEach(function (d) { %><span class="pill <%= d.tone %>"><%= d.text %></span> <% }) %></td></tr><% }) %>
<% if (it.events.length === 0) { %><tr><td colspan="4" class="soft">No event yet.</td></tr><% } %></tbody></table></div></section></main>`;

const STYLE = `
.board{max-width:1120px;margin:0 auto;padding:28px 16px;display:grid;gap:20px}.board>*{min-width:0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}th{text-align:left;color:var(--soft);font-weight:600}
th,td{padding:8px 12px 8px 0;border-bottom:1px solid var(--line);white-space:nowrap}.num{font-variant-numeric:tabular-nums}
code{font:13px ui-monospace,SFMono-Regular,Menlo,monospace}
.pill{display:inline-block;border-radius:99px;padding:1px 10px;font-size:13px;background:#eef1f6;color:#414552}
.pill.good{background:#d9f4e7;color:var(--good)}.pill.bad{background:#fde2ea;color:var(--bad)}
`;

const tones: Record<string, string> = {
  succeeded: "good",
  canceled: "bad",
  delivered: "good",
  failed: "bad",
  dropped: "bad",
};

/** What the provider holds: the newest payments, events and deliveries of all accounts. */
export function dashboardPage(world: World): string {
  const accounts = [...world.state.accounts.values()];
  const payments = accounts
    .flatMap((account) => first(account.of.payment_intents.newest(), 25))
    .sort((a, b) => b.created - a.created);
  const events = accounts.flatMap((account) =>
    first(account.of.events.newest(), 40).map((event) => ({ event, account })),
  );
  const data = {
    now: new Date(world.clock.ms()).toISOString(),
    accounts: accounts.map((each) => `sk_test_${each.name}`).join(", ") || "none yet",
    payments: payments.slice(0, 25).map((each) => ({
      id: each.id,
      amount: formatAmount(each.amount, each.currency),
      status: each.status,
      tone: tones[each.status] ?? "",
      reference: each.metadata["reference"] ?? each.metadata["order_id"] ?? each.description ?? "",
      created: new Date(each.created * 1000).toISOString(),
    })),
    events: events
      .sort((a, b) => b.event.created - a.event.created)
      .slice(0, 40)
      .map(({ event, account }) => ({
        id: event.id,
        type: event.type,
        about: event.about,
        deliveries: account.of.deliveries.by("event", event.id).map((each) => ({
          text: `${each.state}${each.last ? ` ${each.last.status ?? each.last.error ?? ""}` : ""}${each.attempts > 1 ? ` (${each.attempts} tries)` : ""}`,
          tone: tones[each.state] ?? "",
        })),
      })),
  };
  return page("Mock provider", eta.renderString(TEMPLATE, data), STYLE);
}

function first<T>(all: Iterable<T>, count: number): T[] {
  const taken: T[] = [];
  for (const each of all) {
    if (taken.length === count) break;
    taken.push(each);
  }
  return taken;
}
