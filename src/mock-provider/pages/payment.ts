import type { Actor } from "../call.ts";
import { formatAmount } from "../currencies.ts";
import { ledgerOf } from "../ledger.ts";
import type { PaymentIntent } from "../objects.ts";
import { cardOf } from "../payment-methods.ts";
import { BOARD_STYLE } from "./board-style.ts";
import { eventTable } from "./event-rows.ts";
import { eta, page } from "./layout.ts";
import { moment } from "./moment.ts";
import { actionsOf } from "./payment-actions.ts";
import { toneOf } from "./tone.ts";

const TEMPLATE = `<main class="board"><header><a href="/">&larr; All payments</a><code class="soft"><%= it.id %></code></header>
<section class="card"><% if (it.notice) { %><p class="notice" role="alert" id="notice"><%= it.notice %></p><% } %>
<p class="big num"><%= it.amount %> <span class="pill <%= it.tone %>"><%= it.status %></span></p>
<p class="soft"><%= it.reference %></p>
<dl><% it.facts.forEach(function (fact) { %><div><dt><%= fact[0] %></dt><dd class="num"><%= fact[1] %></dd></div><% }) %></dl></section>
<% if (it.actions.length > 0) { %><section class="card"><h2>Act on it</h2><div class="acts">
<% if (it.challenge) { %><div><a href="<%= it.challenge %>">Open the 3-D Secure page</a> as the customer sees it, or answer here:</div><% } %>
<% it.actions.forEach(function (action) { %><form method="post" action="/payments/<%= it.id %>"><input type="hidden" name="action" value="<%= action.name %>"><button><%= action.label %></button>
<% if (action.amount) { %><label for="amount-<%= action.name %>">amount</label><input id="amount-<%= action.name %>" name="amount" inputmode="decimal" value="<%= action.amount %>"><span class="soft"><%= it.currency %></span><% } %>
<% if (action.choice) { %><label for="choice-<%= action.name %>"><%= action.choice.label %></label><select id="choice-<%= action.name %>" name="<%= action.choice.name %>"><% action.choice.options.forEach(function (option) { %><option value="<%= option[0] %>"><%= option[1] %></option><% }) %></select><% } %></form><% }) %></div></section><% } %>
<% if (it.refunds.length > 0) { %><section class="card"><h2>Refunds</h2><div class="scroll"><table><thead><tr><th>Amount</th><th>Status</th><th>Refund</th><th></th></tr></thead><tbody>
<% it.refunds.forEach(function (each) { %><tr><td class="num" data-is="Amount"><%= each.amount %></td><td data-is="Status"><span><span class="pill <%= each.tone %>"><%= each.status %></span> <span class="small soft"><%= each.why %></span></span></td><td data-is="Refund"><code><%= each.id %></code></td>
<td><% if (each.open) { %><form class="inline" method="post" action="/payments/<%= it.id %>"><input type="hidden" name="refund" value="<%= each.id %>"><% if (each.status === "pending") { %><button class="mini" name="action" value="settle_refund">Settle</button><% } %><button class="mini" name="action" value="fail_refund">Fail</button></form><% } %></td></tr><% }) %></tbody></table></div></section><% } %>
<% if (it.disputes.length > 0) { %><section class="card"><h2>Disputes</h2><div class="scroll"><table><thead><tr><th>Amount</th><th>Status</th><th>Reason</th><th>Dispute</th><th></th></tr></thead><tbody>
<% it.disputes.forEach(function (each) { %><tr><td class="num" data-is="Amount"><%= each.amount %></td><td data-is="Status"><span class="pill <%= each.tone %>"><%= each.status %></span></td><td data-is="Reason"><%= each.reason %></td><td data-is="Dispute"><code><%= each.id %></code></td>
<td><% if (each.open) { %><form class="inline" method="post" action="/payments/<%= it.id %>"><input type="hidden" name="dispute" value="<%= each.id %>"><button class="mini" name="action" value="win">Merchant wins</button><button class="mini" name="action" value="lose">Merchant loses</button></form><% } %></td></tr><% }) %></tbody></table></div></section><% } %>
<section class="card"><h2>Events and deliveries</h2><%~ it.events %></section></main>`;

/** All that the provider knows of one payment, and every way to act on it. `notice` says why the last one was refused. */
export function paymentPage(actor: Actor, payment: PaymentIntent, notice: string | null): string {
  const { account, world } = actor;
  const { currency } = payment;
  const show = (amount: number) => formatAmount(amount, currency);
  const charges = account.of.charges.by("payment_intent", payment.id);
  const refunds = account.of.refunds.by("payment_intent", payment.id);
  const disputes = charges.flatMap((charge) => account.of.disputes.by("charge", charge.id));
  const session = account.of.payment_notes.get(payment.id)?.session ?? null;
  const about = new Set([payment.id, session, ...[...charges, ...refunds, ...disputes].map(({ id }) => id)]);
  const events = [...account.of.events.newest()].filter((event) => about.has(event.about)).slice(0, 60);
  return page(
    `Payment ${show(payment.amount)}`,
    eta.renderString(TEMPLATE, {
      id: payment.id,
      notice,
      amount: show(payment.amount),
      currency: currency.toUpperCase(),
      status: payment.status,
      tone: toneOf(payment.status),
      reference: [payment.metadata["reference"], payment.metadata["order_id"], payment.description]
        .filter(Boolean)
        .join(" · "),
      facts: factsOf(actor, payment),
      actions: actionsOf(account, payment),
      challenge: payment.status === "requires_action" ? `/3d-secure/${payment.id}` : null,
      refunds: refunds.map((each) => ({
        id: each.id,
        amount: show(each.amount),
        status: each.status,
        tone: toneOf(each.status ?? ""),
        why: each.failure_reason?.replaceAll("_", " ") ?? "",
        open: each.status === "pending" || each.status === "succeeded",
      })),
      disputes: disputes.map((each) => ({
        id: each.id,
        amount: show(each.amount),
        status: each.status,
        tone: toneOf(each.status),
        reason: each.reason.replaceAll("_", " "),
        open: !["won", "lost", "warning_closed"].includes(each.status),
      })),
      events: eventTable(
        world,
        events.map((event) => ({ account, event })),
        `/payments/${payment.id}`,
      ),
    }),
    BOARD_STYLE,
  );
}

function factsOf(actor: Actor, payment: PaymentIntent): [string, string][] {
  const { account } = actor;
  const line = ledgerOf(actor, payment.id);
  const charge = account.of.charges.get(payment.latest_charge);
  const card = payment.payment_method === null ? undefined : cardOf(actor, payment.payment_method);
  const until = charge?.payment_method_details?.card?.capture_before;
  const money = (["authorized", "captured", "voided", "refunded", "disputed"] as const)
    .filter((name) => line[name] !== 0)
    .map((name): [string, string] => [name, formatAmount(line[name], payment.currency)]);
  return [
    ...money,
    ["created", moment(payment.created * 1000)],
    ["capture", payment.capture_method.replaceAll("_", " ")],
    ...(card ? [["card", `${card.brand} ${card.number.slice(-4)}`] satisfies [string, string]] : []),
    ...(until && payment.status === "requires_capture"
      ? [["capture before", moment(until * 1000)] satisfies [string, string]]
      : []),
    ...(payment.last_payment_error
      ? [["last error", payment.last_payment_error.message ?? ""] satisfies [string, string]]
      : []),
    ["account", `sk_test_${account.name}`],
  ];
}
