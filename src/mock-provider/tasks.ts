import { byItself, type World } from "./call.ts";
import { endSession } from "./checkout-sessions.ts";
import { finishDebit } from "./confirmation.ts";
import { decideByEvidence } from "./disputes.ts";
import { expireAuthorization } from "./authorizations.ts";
import { failRefund, settleRefund } from "./refunds.ts";
import { followPayment } from "./session-progress.ts";
import type { Task } from "./state.ts";

/** Does what the clock found due. Each looks at the object first, so that doing it twice is harmless. */
export function runTask(world: World, { account: name, task, object }: Task): void {
  const account = world.state.account(name);
  const actor = byItself(world, account);
  switch (task) {
    case "expire_session": {
      const session = account.of.sessions.get(object);
      if (session) endSession(actor, session);
      return;
    }
    case "expire_authorization":
      expireAuthorization(actor, object);
      return;
    case "settle_refund":
      settleRefund(actor, object);
      return;
    case "fail_refund":
      failRefund(actor, object);
      return;
    case "decide_dispute":
      decideByEvidence(actor, object);
      return;
    case "settle_payment": {
      const payment = account.of.payment_intents.get(object);
      if (!payment) return;
      finishDebit(actor, payment);
      followPayment(actor, payment);
      return;
    }
  }
}
