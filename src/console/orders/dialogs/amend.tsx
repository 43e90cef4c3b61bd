import { Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { minorOf, typed } from "../../show/amount.ts";
import { AmountInput } from "../../show/amount-input.tsx";
import { Confirm } from "../../show/confirm.tsx";
import type { DialogProps } from "./dialog.ts";
import { useMessage } from "./message.ts";

/** Changes what is ordered before it is captured; whoever approved is asked again. */
export function AmendDialog({ order, opened, close }: DialogProps) {
  const [reference, setReference] = useState(order.reference);
  const [description, setDescription] = useState(order.description ?? "");
  const [text, setText] = useState(() => typed(order.amount, order.currency));
  const amount = minorOf(text, order.currency);
  const change = {
    ...(reference.trim() === order.reference ? {} : { reference: reference.trim() }),
    ...(description.trim() === (order.description ?? "") ? {} : { description: description.trim() || null }),
    ...(amount === null || amount === order.amount ? {} : { amount }),
  };
  const amend = useMessage<typeof change>({ order, close }, "amend", "The order is changed.");
  return (
    <Confirm
      opened={opened}
      close={close}
      title={`Change ${order.reference}`}
      action="Change it"
      disabled={Object.keys(change).length === 0 || amount === null || reference.trim() === ""}
      running={amend.isPending}
      error={amend.error}
      run={() => amend.mutate(change)}
    >
      <Text size="sm">Whoever has approved is asked again, and sees what changed.</Text>
      <TextInput
        label="Reference"
        value={reference}
        onChange={(event) => setReference(event.currentTarget.value)}
        required
        maxLength={200}
        data-autofocus
      />
      <Textarea
        label="Description"
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
        maxLength={1_000}
        autosize
      />
      {order.items.length === 0 && (
        <AmountInput label="Amount" currency={order.currency} value={text} onChange={setText} required />
      )}
    </Confirm>
  );
}
