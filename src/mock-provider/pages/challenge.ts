import { formatAmount } from "../currencies.ts";
import type { PaymentIntent } from "../objects.ts";
import { eta, page } from "./layout.ts";

const TEMPLATE = `<main class="center"><div class="card">
<h1>3-D Secure</h1>
<p class="soft">The bank of this test card asks whether it is really you who pays.</p>
<p class="amount"><%= it.amount %></p>
<form method="post" class="choice">
<button class="pay" name="outcome" value="pass" id="pass">Complete authentication</button>
<button name="outcome" value="fail" id="fail">Fail authentication</button>
</form></div></main>`;

const STYLE = `.amount{font-size:28px;font-weight:700;margin:8px 0}.choice button{width:100%}.choice button+button{margin-top:10px}`;

/** The bank's page, on which a person passes or fails. */
export const challengePage = (payment: PaymentIntent) =>
  page(
    "3-D Secure test page",
    eta.renderString(TEMPLATE, { amount: formatAmount(payment.amount, payment.currency) }),
    STYLE,
  );
