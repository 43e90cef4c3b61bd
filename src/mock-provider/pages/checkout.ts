import { formatAmount } from "../currencies.ts";
import type { Session, SessionPlan } from "../objects.ts";
import { successUrl } from "../checkout-payment.ts";
import { eta, page } from "./layout.ts";
import { messagePage } from "./message.ts";
import { CARD_CHOICES } from "./payment-actions.ts";

const TEMPLATE = `<main class="checkout">
<section class="order">
<% if (it.cancel) { %><a class="back" href="<%= it.cancel %>">&larr; Back to the shop</a><% } %>
<p class="soft">To pay</p>
<p class="total"><%= it.total %></p>
<ul><% it.items.forEach(function (item) { %><li><span><span class="name"><%= item.name %></span><% if (item.quantity > 1) { %><span class="soft small"><%= item.quantity %> &times; <%= item.each %></span><% } %></span><span><%= item.amount %></span></li><% }) %></ul>
<% if (it.reference) { %><p class="soft small ref">Reference <span class="num"><%= it.reference %></span></p><% } %>
</section>
<section class="card">
<form method="post">
<h2>Pay by card</h2>
<% if (it.notice) { %><p class="notice" role="alert" id="notice"><%= it.notice %></p><% } %>
<label for="email">Email</label><input id="email" name="email" type="email" autocomplete="email" value="<%= it.email %>">
<label for="number">Card number</label><input id="number" name="number" inputmode="numeric" autocomplete="cc-number" value="4242 4242 4242 4242" required>
<div class="two"><div><label for="expiry">Expiry</label><input id="expiry" name="expiry" autocomplete="cc-exp" value="12 / <%= it.year %>" required></div>
<div><label for="cvc">CVC</label><input id="cvc" name="cvc" inputmode="numeric" autocomplete="cc-csc" value="123" required></div></div>
<label for="name">Name on card</label><input id="name" name="name" autocomplete="cc-name" value="Test Buyer">
<button class="pay" id="pay">Pay <%= it.total %></button>
<p class="soft small hint">Any future date and any CVC will do. Other numbers than those of test cards are refused.</p>
<fieldset><legend>or pay with another test card</legend>
<% it.choices.forEach(function (choice) { %><button name="test_card" value="<%= choice[0] %>"><%= choice[1] %><span class="soft small"><%= choice[2] %></span></button><% }) %>
</fieldset></form></section></main>`;

const STYLE = `
.checkout{max-width:980px;margin:0 auto;padding:40px 16px;display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:48px;align-items:start}
.order .soft{margin:0}.back{display:inline-block;margin-bottom:24px;text-decoration:none}
.total{font-size:36px;font-weight:700;margin:0 0 20px;overflow-wrap:anywhere}
ul{list-style:none;margin:0;padding:0}li{display:flex;justify-content:space-between;gap:16px;padding:12px 0;border-top:1px solid var(--line)}
li .name{display:block;overflow-wrap:anywhere}li>span:last-child{white-space:nowrap}
.two{display:grid;grid-template-columns:1fr 1fr;gap:12px}
fieldset{min-width:0;border:0;border-top:1px solid var(--line);margin:24px 0 0;padding:14px 0 0;display:grid;grid-template-columns:1fr 1fr;gap:8px}
.order .ref{margin-top:20px;overflow-wrap:anywhere}.hint{margin:12px 0 0}
legend{font-size:14px;color:var(--soft);padding:0 8px 0 0}
fieldset button{text-align:left;font-size:14px;padding:8px 12px}fieldset button span{display:block;font-weight:400;font-variant-numeric:tabular-nums;white-space:nowrap;font-size:13px}
@media(max-width:760px){fieldset{grid-template-columns:1fr}fieldset button{padding:8px 10px;display:flex;justify-content:space-between;align-items:center;gap:8px}fieldset button span.small{font-size:12px}.checkout{grid-template-columns:minmax(0,1fr);gap:20px;padding:20px 16px}.total{font-size:30px;margin-bottom:12px}.back{margin-bottom:12px}.card{padding:18px}}
`;

/** Stripe's hosted page, for test cards: works without scripts, on a phone, and shows a decline where it happened. */
export function checkoutPage(session: Session, plan: SessionPlan | undefined): string {
  if (session.status === "complete") {
    return messagePage("Payment complete", "This payment has been made.", {
      href: successUrl(session),
      text: "Back to the shop",
    });
  }
  if (session.status !== "open") {
    const back = session.cancel_url === null ? null : { href: session.cancel_url, text: "Back to the shop" };
    return messagePage(
      "This page has expired",
      "The payment was not made in time. Please start again.",
      back,
    );
  }
  const currency = session.currency ?? "usd";
  const items = (plan?.line_items ?? []).map((each) => ({
    name: each.description ?? "Item",
    quantity: each.quantity ?? 1,
    each: formatAmount(each.price?.unit_amount ?? 0, currency),
    amount: formatAmount(each.amount_total, currency),
  }));
  const data = {
    total: formatAmount(session.amount_total ?? 0, currency),
    items,
    cancel: session.cancel_url,
    reference: session.client_reference_id,
    notice: plan?.notice ?? null,
    email: session.customer_details?.email ?? "",
    year: String((new Date().getUTCFullYear() + 4) % 100),
    choices: CARD_CHOICES.slice(1),
  };
  return page(`Pay ${data.total}`, eta.renderString(TEMPLATE, data), STYLE);
}
