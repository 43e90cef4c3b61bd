import { NumberInput, Select } from "@mantine/core";
import { useState } from "react";
import type { OrderView } from "../../../contract/answers/orders.ts";
import { Confirm } from "../../show/confirm.tsx";
import type { DialogProps } from "./dialog.ts";
import { useMessage } from "./message.ts";

/** What of each item is still to be fulfilled. */
const missing = ({ items, fulfilment }: OrderView) =>
  items
    .map(({ sku, quantity }) => ({ sku, left: quantity - (fulfilment.fulfilled[sku] ?? 0) }))
    .filter(({ left }) => left > 0);

/** Reports that an item was delivered. */
export function FulfilDialog({ order, opened, close }: DialogProps) {
  const items = missing(order);
  const [sku, setSku] = useState<string | null>(items[0]?.sku ?? null);
  const left = items.find((item) => item.sku === sku)?.left ?? 1;
  const [quantity, setQuantity] = useState<number | string>(left);
  const fulfil = useMessage<{ sku: string; quantity: number }>(
    { order, close },
    "fulfilment",
    "The item is reported as fulfilled.",
  );
  const count = Number(quantity);
  const choose = (next: string | null) => {
    setSku(next);
    setQuantity(items.find((item) => item.sku === next)?.left ?? 1);
  };
  return (
    <Confirm
      opened={opened}
      close={close}
      title={`Fulfil ${order.reference}`}
      action="Report it"
      disabled={sku === null || !Number.isInteger(count) || count < 1 || count > left}
      running={fulfil.isPending}
      error={fulfil.error}
      run={() => sku !== null && fulfil.mutate({ sku, quantity: count })}
    >
      <Select label="Item" data={items.map((item) => item.sku)} value={sku} onChange={choose} required />
      <NumberInput
        label="How many"
        description={`${left} to go`}
        value={quantity}
        onChange={setQuantity}
        min={1}
        max={left}
        allowDecimal={false}
        required
      />
    </Confirm>
  );
}
