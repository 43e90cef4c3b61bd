import { Group, Stack, Table, Text } from "@mantine/core";
import type { OrderView } from "../../contract/answers/orders.ts";
import { Amount } from "../show/amount.tsx";
import { Card } from "../show/card.tsx";
import { partsOf, type MoneyPart } from "./money.ts";
import classes from "./money-bar.module.css";

const PARTS: Record<MoneyPart, string> = {
  kept: "Kept",
  held: "Held",
  refunded: "Refunded",
  disputed: "Disputed",
  lost: "Lost in a dispute",
};

const NAMES: Record<string, string> = {
  authorized: "Held on the card",
  captured: "Taken",
  released: "Released",
  refunded: "Refunded",
  disputed: "Taken for a dispute",
  dispute_reinstated: "Given back by a dispute",
  dispute_lost: "Lost in a dispute",
  fee: "Fees",
};

/** How much of the order's money is where: a bar, and its postings behind it. */
export function MoneyBar({ order }: { order: OrderView }) {
  const { currency, ledger, amount } = order;
  const parts = partsOf(order).map(([part, amount]) => ({ name: PARTS[part], amount, look: classes[part] }));
  const whole = Math.max(
    amount,
    parts.reduce((sum, part) => sum + part.amount, 0),
  );
  const nothing = whole - parts.reduce((sum, part) => sum + part.amount, 0);
  return (
    <Card title="Money" aside={<Amount amount={amount} currency={currency} />}>
      <div className={classes["bar"]} aria-hidden="true">
        {parts.map((part) => (
          <div key={part.name} className={part.look} style={{ flexGrow: part.amount }} />
        ))}
        {nothing > 0 && <div style={{ flexGrow: nothing }} />}
      </div>
      <Group gap="lg">
        {parts.map((part) => (
          <Group key={part.name} gap={6}>
            <span className={`${classes["dot"]} ${part.look}`} aria-hidden="true" />
            <Text size="sm">
              {part.name} <Amount amount={part.amount} currency={currency} />
            </Text>
          </Group>
        ))}
        {parts.length === 0 && (
          <Text size="sm" c="dimmed">
            Nothing has been paid{order.result === null ? " yet" : ""}.
          </Text>
        )}
      </Group>
      {ledger.postings.length > 0 && (
        <details>
          <summary>Postings</summary>
          <Stack gap={0} mt="xs">
            <Table aria-label="Postings" verticalSpacing={4}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>What</Table.Th>
                  <Table.Th>From</Table.Th>
                  <Table.Th>To</Table.Th>
                  <Table.Th ta="right">Amount</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {ledger.postings.map(({ type, credit, debit, amount }) => (
                  <Table.Tr key={type}>
                    <Table.Td>{NAMES[type] ?? type}</Table.Td>
                    <Table.Td>{credit}</Table.Td>
                    <Table.Td>{debit}</Table.Td>
                    <Table.Td ta="right">
                      <Amount amount={amount} currency={currency} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Stack>
        </details>
      )}
    </Card>
  );
}
