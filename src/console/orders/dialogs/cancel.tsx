import { Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { formatMoney } from "../../../domain/money.ts";
import { useCommand } from "../../api/command.ts";
import { Confirm } from "../../show/confirm.tsx";
import { faultOf } from "../../show/trouble.tsx";
import { changesOf, type DialogProps } from "./dialog.ts";

/** Cancels an order that is not captured; held money is released. */
export function CancelDialog({ order, opened, close }: DialogProps) {
  const [reason, setReason] = useState("");
  const cancel = useCommand({
    path: `/v1/orders/${order.id}/cancel`,
    body: () => (reason.trim() === "" ? {} : { reason: reason.trim() }),
    changes: changesOf(order),
    said: "The order is being cancelled.",
    done: close,
  });
  const held = order.ledger.accounts.authorization;
  return (
    <Confirm
      opened={opened}
      close={close}
      title={`Cancel ${order.reference}`}
      action="Cancel the order"
      danger
      running={cancel.isPending}
      error={cancel.error}
      run={() => cancel.mutate()}
    >
      <Text size="sm">
        {held > 0
          ? `${formatMoney({ amount: held, currency: order.currency })} are held on the card and will be released.`
          : "Nothing has been paid; the customer will not be able to pay any more."}{" "}
        A cancelled order cannot be opened again.
      </Text>
      <Textarea
        label="Reason"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        error={faultOf(cancel.error, "reason")}
        maxLength={500}
        autosize
        minRows={2}
        data-autofocus
      />
    </Confirm>
  );
}
