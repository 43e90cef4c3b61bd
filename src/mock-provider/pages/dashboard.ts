import type { World } from "../call.ts";
import { formatAmount } from "../currencies.ts";
import type { PaymentIntent } from "../objects.ts";
import type { Account } from "../state.ts";
import { eta, page } from "./layout.ts";

const TEMPLATE = `<main class="board"><header><h1>Mock provider</h1>
<p class="soft small">Clock <%= it.now %>. Accounts: <%= it.accounts %>. Controls under <code>/_mock</code>.</p></header>
<% if (it.sessions.length > 0) { %><section class="card"><h2>Waiting for a customer</h2><div class="scroll"><table><tbody>
<% it.sessions.forEach(function (each) { %><tr><td class="num"><%= each.amount %></td><td><a href="<%= each.url %>">Open the payment page</a></td><td><%= each.reference %></td></tr><% }) %></tbody></table></div></section><% } %>
<section class="card"><h2>Payments</h2><div class="scroll"><table><thead><tr><th>Amount</th><th>Status</th><th>Reference</th><th></th><th>Payment</th><th>Created</th></tr></thead><tbody>
<% it.payments.forEach(function (each) { %><tr><td class="num"><%= each.amount %></td><td><span class="pill <%= each.tone %>"><%= each.status %></span></td><td><%= each.reference %></td>
<td><% if (each.challenge) { %><a href="<%= each.challenge %>">Challenge</a><% } %><% if (each.actions.length > 0) { %><form method="post" action="/payments/<%= each.id %>"><% each.actions.forEach(function (action) { %><button class="mini" name="action" value="<%= action[0] %>"><%= action[1] %></button><% }) %></form><% } %></td>
<td><code><%= each.id %></code></td><td><%= each.created %></td></tr><% }) %>
<% if (it.payments.length === 0) { %><tr><td colspan="6" class="soft">No payment yet.</td></tr><% } %></tbody></table></div></section>
<section class="card"><h2>Events and deliveries</h2><div class="scroll"><table><thead><tr><th>Type</th><th>Deliveries</th><th>About</th><th>Event</th></tr></thead><tbody>
<% it.events.forEach(function (each) { %><tr><td><%= each.type %></td><td><% each.deliveries.forEach(function (d) { %><span class="pill <%= d.tone %>"><%= d.text %></span> <% }) %></td><td><code><%= each.about %></code></td><td><code><%= each.id %></code></td></tr><% }) %>
<% if (it.events.length === 0) { %><tr><td colspan="4" class="soft">No event yet.</td></tr><% } %></tbody></table></div></section></main>`;

const STYLE = `
.board{max-width:1180px;margin:0 auto;padding:28px 16px;display:grid;gap:20px}.board>*{min-width:0}header p{margin:0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}th{text-align:left;color:var(--soft);font-weight:600}
th,td{padding:8px 14px 8px 0;border-bottom:1px solid var(--line);white-space:nowrap}.num{font-variant-numeric:tabular-nums}
code{font:13px ui-monospace,SFMono-Regular,Menlo,monospace}
.pill{display:inline-block;border-radius:99px;padding:1px 10px;font-size:13px;background:#eef1f6;color:#414552}
.pill.good{background:#d9f4e7;color:var(--good)}.pill.bad{background:#fde2ea;color:var(--bad)}
td form{display:inline-flex;gap:6px}button.mini{min-height:0;padding:3px 10px;font-size:13px;border-radius:6px}
@media(max-width:760px){.card{padding:16px}button.mini{padding:9px 12px}}
`;

const tones: Record<string, string> = {
  succeeded: "good",
  canceled: "bad",
  delivered: "good",
  failed: "bad",
  dropped: "bad",
};

/** What the provider holds: the newest sessions, payments, events and deliveries of all accounts, and what can be done. */
export function dashboardPage(world: World): string {
  const accounts = [...world.state.accounts.values()];
  const newest = <T extends { created: number }>(of: (account: Account) => Iterable<T>, count: number) =>
    accounts
      .flatMap((account) => first(of(account), count).map((each) => ({ each, account })))
      .sort((a, b) => b.each.created - a.each.created)
      .slice(0, count);
  const data = {
    now: new Date(world.clock.ms()).toISOString(),
    accounts: accounts.map((each) => `sk_test_${each.name}`).join(", ") || "none yet",
    sessions: newest((account) => account.of.sessions.newest(), 20)
      .filter(({ each }) => each.status === "open")
      .map(({ each }) => ({
        amount: formatAmount(each.amount_total ?? 0, each.currency ?? "usd"),
        url: each.url ?? "",
        reference: each.client_reference_id ?? each.id.slice(0, 24),
      })),
    payments: newest((account) => account.of.payment_intents.newest(), 25).map(({ each, account }) => ({
      id: each.id,
      amount: formatAmount(each.amount, each.currency),
      status: each.status,
      tone: tones[each.status] ?? "",
      reference: each.metadata["reference"] ?? each.metadata["order_id"] ?? each.description ?? "",
      created: new Date(each.created * 1000).toISOString(),
      challenge: each.next_action?.redirect_to_url?.url ?? null,
      actions: actions(account, each),
    })),
    events: newest((account) => account.of.events.newest(), 40).map(({ each, account }) => ({
      id: each.id,
      type: each.type,
      about: each.about.length > 32 ? `${each.about.slice(0, 30)}…` : each.about,
      deliveries: account.of.deliveries.by("event", each.id).map((delivery) => ({
        text: `${delivery.state}${delivery.last ? ` ${delivery.last.status ?? delivery.last.error ?? ""}` : ""}${delivery.attempts > 1 ? ` (${delivery.attempts} tries)` : ""}`,
        tone: tones[delivery.state] ?? "",
      })),
    })),
  };
  return page("Mock provider", eta.renderString(TEMPLATE, data), STYLE);
}

/** What a person can do to a payment in its present state. */
function actions(account: Account, payment: PaymentIntent): [name: string, label: string][] {
  const charge = account.of.charges.get(payment.latest_charge);
  if (payment.status === "requires_capture") {
    return [
      ["capture", "Capture"],
      ["cancel", "Void"],
    ];
  }
  if (payment.status !== "succeeded" || !charge) return [];
  const dispute = account.of.disputes
    .by("charge", charge.id)
    .find((each) => !each.status.match(/won|lost|closed/));
  if (dispute) {
    return [
      ["win", "Win dispute"],
      ["lose", "Lose dispute"],
    ];
  }
  if (charge.disputed) return [];
  return charge.refunded
    ? []
    : [
        ["refund", "Refund"],
        ["dispute", "Dispute"],
      ];
}

function first<T>(all: Iterable<T>, count: number): T[] {
  const taken: T[] = [];
  for (const each of all) {
    if (taken.length === count) break;
    taken.push(each);
  }
  return taken;
}
