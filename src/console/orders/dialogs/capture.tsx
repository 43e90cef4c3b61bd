import { Text } from "@mantine/core";
import { useState } from "react";
import { formatMoney } from "../../../domain/money.ts";
import { minorOf, typed } from "../../show/amount.ts";
import { AmountInput } from "../../show/amount-input.tsx";
import { Confirm } from "../../show/confirm.tsx";
import type { DialogProps } from "./dialog.ts";
import { useMessage } from "./message.ts";

/** Takes what is held, or a part of it, once. */
export function CaptureDialog({ order, opened, close }: DialogProps) {
  const { currency } = order;
  const held = order.ledger.accounts.authorization;
  const [text, setText] = useState(() => typed(held, currency));
  const amount = minorOf(text, currency);
  const capture = useMessage<{ amount: number | null }>(
    { order, close },
    "capture",
    "The money is being taken.",
  );
  return (
    <Confirm
      opened={opened}
      close={close}
      title={`Capture ${order.reference}`}
      action={amount === null ? "Capture" : `Capture ${formatMoney({ amount, currency })}`}
      disabled={amount === null || amount < 1 || amount > held}
      running={capture.isPending}
      error={capture.error}
      run={() => capture.mutate({ amount })}
    >
      <Text size="sm">It is taken once: what is held beyond the amount is released to the customer.</Text>
      <AmountInput
        label="Amount"
        currency={currency}
        value={text}
        onChange={setText}
        most={held}
        required
        data-autofocus
      />
    </Confirm>
  );
}
