import type { Actor } from "../call.ts";
import { formatAmount } from "../currencies.ts";
import type { PaymentIntent } from "../objects.ts";
import { cardOf } from "../payment-methods.ts";
import { eta, page } from "./layout.ts";

const TEMPLATE = `<main class="center"><div class="card">
<p class="bank"><span class="shield" aria-hidden="true"></span>Test bank</p>
<h1>Is it you who pays?</h1>
<p class="soft">This test card asks its owner before each payment, as 3-D Secure does. A real bank would ask for a code or a fingerprint.</p>
<dl><div><dt>Amount</dt><dd class="amount"><%= it.amount %></dd></div><% if (it.card) { %><div><dt>Card</dt><dd><%= it.card %></dd></div><% } %><div><dt>Date</dt><dd><%= it.date %></dd></div></dl>
<form method="post" class="choice">
<button class="pay" name="outcome" value="pass" id="pass">Complete authentication</button>
<button name="outcome" value="fail" id="fail">Fail authentication</button>
</form></div></main>`;

const STYLE = `.bank{display:flex;align-items:center;gap:8px;margin:0 0 16px;font-weight:600;color:var(--soft)}
.shield{width:20px;height:22px;background:var(--brand);clip-path:polygon(50% 0,100% 18%,100% 55%,50% 100%,0 55%,0 18%)}
dl{margin:16px 0 4px;border-top:1px solid var(--line)}dl div{display:flex;justify-content:space-between;gap:16px;padding:10px 0;border-bottom:1px solid var(--line)}
dt{color:var(--soft)}dd{margin:0;font-variant-numeric:tabular-nums}.amount{font-weight:700}.choice button{width:100%}.choice button+button{margin-top:10px}`;

/** The bank's page, on which a person passes or fails. */
export function challengePage(actor: Actor, payment: PaymentIntent): string {
  const card = payment.payment_method === null ? undefined : cardOf(actor, payment.payment_method);
  const data = {
    amount: formatAmount(payment.amount, payment.currency),
    card: card ? `${card.brand.toUpperCase()} •••• ${card.number.slice(-4)}` : null,
    date: new Date(actor.world.clock.ms()).toISOString().slice(0, 10),
  };
  return page("3-D Secure test page", eta.renderString(TEMPLATE, data), STYLE);
}
