import { Text, Textarea } from "@mantine/core";
import { useState } from "react";
import type { OrderView, RefundView } from "../../../contract/answers/orders.ts";
import { formatMoney } from "../../../domain/money.ts";
import { useCommand } from "../../api/command.ts";
import { minorOf, typed } from "../../show/amount.ts";
import { AmountInput } from "../../show/amount-input.tsx";
import { Confirm } from "../../show/confirm.tsx";
import { faultOf } from "../../show/trouble.tsx";
import { changesOf, type DialogProps } from "./dialog.ts";

const GIVEN: readonly string[] = ["failed", "canceled", "rejected"];

/** What of the captured money is not given back, nor on its way back. */
export const refundable = ({ payment, refunds }: OrderView): number =>
  payment.amount_captured -
  Math.max(
    payment.amount_refunded,
    refunds.filter(({ status }) => !GIVEN.includes(status)).reduce((sum, { amount }) => sum + amount, 0),
  );

/** Gives money back; a large refund is asked about first. */
export function RefundDialog({ order, opened, close }: DialogProps) {
  const { currency } = order;
  const left = refundable(order);
  const [text, setText] = useState(() => typed(left, currency));
  const [reason, setReason] = useState("");
  const amount = minorOf(text, currency);
  const refund = useCommand<void, RefundView>({
    path: `/v1/orders/${order.id}/refunds`,
    body: () => ({ amount, reason: reason.trim() }),
    changes: changesOf(order),
    said: ({ status }) =>
      status === "awaiting_approval" ? "The refund waits for approval." : "The refund is on its way.",
    done: close,
  });
  const shown = amount === null ? "" : ` ${formatMoney({ amount, currency })}`;
  return (
    <Confirm
      opened={opened}
      close={close}
      title={`Refund ${order.reference}`}
      action={`Refund${shown}`}
      danger
      disabled={amount === null || amount < 1 || amount > left || reason.trim() === ""}
      running={refund.isPending}
      error={refund.error}
      run={() => refund.mutate()}
    >
      <Text size="sm">
        The money goes back to {order.customer.name ?? order.customer.email ?? "the customer"}, the way it
        came. It cannot be taken back. {formatMoney({ amount: left, currency })} are left to refund.
      </Text>
      <AmountInput
        label="Amount"
        currency={currency}
        value={text}
        onChange={setText}
        most={left}
        error={faultOf(refund.error, "amount")}
        required
        data-autofocus
      />
      <Textarea
        label="Reason"
        description="It stands in the trail, and approvers read it."
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        error={faultOf(refund.error, "reason")}
        required
        maxLength={500}
        autosize
        minRows={2}
      />
    </Confirm>
  );
}
