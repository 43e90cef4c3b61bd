import type { World } from "../call.ts";
import { formatAmount } from "../currencies.ts";
import type { Account } from "../state.ts";
import { BOARD_STYLE } from "./board-style.ts";
import { conditions } from "./conditions.ts";
import { endpointTable } from "./endpoint-rows.ts";
import { eventTable } from "./event-rows.ts";
import { eta, page } from "./layout.ts";
import { moment } from "./moment.ts";
import { actionsOf, remark } from "./payment-actions.ts";
import { toneOf } from "./tone.ts";

const TEMPLATE = `<main class="board"><header><div><h1>Mock provider</h1><p class="soft small"><span class="num"><%= it.now %></span> UTC · <%= it.accounts %></p></div>
<nav><a href="/">Refresh</a><a href="#payments">Payments</a><a href="#events">Events</a><a href="#endpoints">Endpoints</a><a href="#clock">Time</a><a href="#chaos">Chaos</a></nav></header>
<% if (it.notice) { %><p class="notice" role="alert" id="notice"><%= it.notice %></p><% } %>
<% if (it.sessions.length > 0) { %><section class="card"><h2>Waiting for a customer</h2><div class="scroll"><table><tbody>
<% it.sessions.forEach(function (each) { %><tr><td class="num" data-is="Amount"><%= each.amount %></td><td data-is="Reference"><%= each.reference %></td><td><a href="<%= each.url %>">Open the payment page</a></td></tr><% }) %></tbody></table></div></section><% } %>
<section class="card" id="payments"><h2>Payments</h2><div class="scroll"><table><thead><tr><th>Amount</th><th>Status</th><th>Reference</th><th>Payment</th><th>Created</th><th></th></tr></thead><tbody>
<% it.payments.forEach(function (each) { %><tr><td class="num" data-is="Amount"><%= each.amount %></td><td data-is="Status"><span><span class="pill <%= each.tone %>"><%= each.status %></span> <span class="small soft"><%= each.remark %></span></span></td><td data-is="Reference"><%= each.reference %></td>
<td data-is="Payment"><a href="/payments/<%= each.id %>"><code><%= each.id %></code></a></td><td class="num keep" data-is="Created"><%= each.created %></td>
<td><% if (each.actions.length > 0) { %><form class="inline" method="post" action="/payments/<%= each.id %>"><input type="hidden" name="back" value="/"><% each.actions.forEach(function (action) { %><button class="mini" name="action" value="<%= action.name %>"><%= action.label %></button><% }) %></form><% } %></td></tr><% }) %>
<% if (it.payments.length === 0) { %><tr><td colspan="6" class="soft">No payment yet.</td></tr><% } %></tbody></table></div></section>
<section class="card" id="events"><h2>Events and deliveries</h2><%~ it.events %></section>
<section class="card" id="endpoints"><h2>Webhook endpoints</h2><%~ it.endpoints %></section>
<%~ it.conditions %></main>`;

/** What the provider holds: the newest sessions, payments, events and deliveries of all accounts, and what can be done. */
export function dashboardPage(world: World, notice: string | null): string {
  const accounts = [...world.state.accounts.values()];
  const newest = <T extends { created: number }>(of: (account: Account) => Iterable<T>, count: number) =>
    accounts
      .flatMap((account) => first(of(account), count).map((each) => ({ each, account })))
      .sort((a, b) => b.each.created - a.each.created)
      .slice(0, count);
  const data = {
    notice,
    now: moment(world.clock.ms()),
    accounts: accounts.map((each) => `sk_test_${each.name}`).join(", ") || "no account yet",
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
      tone: toneOf(each.status),
      remark: remark(account, each),
      reference: each.metadata["reference"] ?? each.metadata["order_id"] ?? each.description ?? "",
      created: moment(each.created * 1000),
      actions: actionsOf(account, each).filter(({ name }) => name !== "confirm"),
    })),
    events: eventTable(
      world,
      newest((account) => account.of.events.newest(), 30).map(({ each, account }) => ({
        account,
        event: each,
      })),
      "/",
    ),
    endpoints: endpointTable(world),
    conditions: conditions(world),
  };
  return page("Mock provider", eta.renderString(TEMPLATE, data), BOARD_STYLE);
}

function first<T>(all: Iterable<T>, count: number): T[] {
  const taken: T[] = [];
  for (const each of all) {
    if (taken.length === count) break;
    taken.push(each);
  }
  return taken;
}
