import { Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "../../api/command.ts";
import { Confirm } from "../../show/confirm.tsx";
import { changesOf, type DialogProps } from "./dialog.ts";

/** Erases the personal data of an order that has ended. */
export function EraseDialog({ order, opened, close }: DialogProps) {
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const erase = useCommand({
    path: `/v1/orders/${order.id}/erase`,
    body: () => ({ reason: reason.trim() }),
    changes: changesOf(order),
    said: "The personal data is erased; the trail stays valid.",
    done: close,
  });
  return (
    <Confirm
      opened={opened}
      close={close}
      title={`Erase the personal data of ${order.reference}`}
      action="Erase for good"
      danger
      disabled={typed !== order.reference || reason.trim() === ""}
      running={erase.isPending}
      error={erase.error}
      run={() => erase.mutate()}
    >
      <Text size="sm">
        Customer, description, comments, reasons and notes are gone for good. Amounts, ids, times and who
        decided stay.
      </Text>
      <Textarea
        label="Reason"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        required
        maxLength={500}
        autosize
        data-autofocus
      />
      <TextInput
        label={`Type ${order.reference} to erase`}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        required
      />
    </Confirm>
  );
}
