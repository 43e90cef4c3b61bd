import { ActionIcon, Button, Group, Stack, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { AmountInput } from "../show/amount-input.tsx";
import type { DraftItem } from "./draft.ts";

interface ItemFieldsProps {
  items: DraftItem[];
  currency: string;
  onChange: (items: DraftItem[]) => void;
  faultOf: (path: string) => string | undefined;
}

/** What is ordered, line by line; the lines make the amount. */
export const ItemFields = ({ items, currency, onChange, faultOf }: ItemFieldsProps) => {
  const put = (index: number, change: Partial<DraftItem>) =>
    onChange(items.map((item, at) => (at === index ? { ...item, ...change } : item)));
  return (
    <Stack gap="xs" role="group" aria-label="Items">
      {items.map((item, index) => (
        <Group key={index} gap="xs" align="flex-start" wrap="nowrap">
          <TextInput
            aria-label={`Item ${index + 1}: SKU`}
            placeholder="SKU"
            value={item.sku}
            onChange={(event) => put(index, { sku: event.currentTarget.value })}
            error={faultOf(`items[${index}].sku`)}
            required
            style={{ flex: 3 }}
          />
          <TextInput
            aria-label={`Item ${index + 1}: quantity`}
            placeholder="1"
            inputMode="numeric"
            value={item.quantity}
            onChange={(event) => put(index, { quantity: event.currentTarget.value })}
            error={faultOf(`items[${index}].quantity`)}
            required
            style={{ flex: 1 }}
          />
          <AmountInput
            aria-label={`Item ${index + 1}: price of one`}
            placeholder="Price of one"
            currency={currency}
            value={item.unit}
            onChange={(unit) => put(index, { unit })}
            required
            style={{ flex: 3 }}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={36}
            aria-label={`Take item ${index + 1} away`}
            onClick={() => onChange(items.filter((_, at) => at !== index))}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
      <Button
        variant="subtle"
        size="xs"
        leftSection={<IconPlus size={14} />}
        onClick={() => onChange([...items, { sku: "", quantity: "1", unit: "" }])}
        style={{ alignSelf: "flex-start" }}
      >
        {items.length === 0 ? "Add items" : "Add another"}
      </Button>
    </Stack>
  );
};
