import { expect, test } from "vitest";
import { partsOf } from "../../src/console/orders/money.ts";
import { ledgerOf } from "../../src/domain/ledger.ts";
import { newOrder } from "../../src/domain/order-decide.ts";
import { paymentView } from "../../src/domain/order-view.ts";
import type { OrderState } from "../../src/domain/order.ts";
import type { DisputeSnapshot } from "../../src/domain/payment.ts";
import { facts } from "../domain/world.ts";

const dispute = (status: string): DisputeSnapshot => ({
  ...{ id: "dp_1", reason: "fraudulent", fee: 1_500, status, amount: 400 },
  ...{ withdrawn: 400, reinstated: status === "won" ? 400 : 0 },
});

function parts({ captured = 1_000, refunded = 0, disputes = [] as DisputeSnapshot[] }) {
  const state = newOrder(facts(), null);
  const status = captured > 0 ? ("succeeded" as const) : ("requires_capture" as const);
  const payment = { ...state.payment, status, amount_authorized: 1_000, amount_captured: captured };
  const order: OrderState = { ...state, payment, refunded_at_provider: refunded, disputes };
  return partsOf({ payment: paymentView(order), ledger: ledgerOf(order) });
}

test("money that is held, taken and refunded is where it is", () => {
  expect(parts({ captured: 0 })).toEqual([["held", 1_000]]);
  expect(parts({ captured: 700, refunded: 200 })).toEqual([
    ["kept", 500],
    ["refunded", 200],
  ]);
});

test.each([
  ["open", "needs_response", [["kept", 600], ["disputed", 400]]], // prettier-ignore
  ["lost", "lost", [["kept", 600], ["lost", 400]]], // prettier-ignore
  ["won", "won", [["kept", 1_000]]],
])("money of a dispute that is %s is kept only when it came back", (_, status, expected) => {
  expect(parts({ disputes: [dispute(status)] })).toEqual(expected);
});
