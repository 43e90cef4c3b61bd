import { Anchor, Group, Stack, Table, Text } from "@mantine/core";
import { Link } from "wouter";
import type { OrderView } from "../../contract/answers/orders.ts";
import { Amount } from "../show/amount.tsx";
import { Card } from "../show/card.tsx";
import { Copyable } from "../show/copyable.tsx";
import { Facts } from "../show/facts.tsx";
import { inWords, StatusChip } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";

/** Who ordered what. */
export const AboutCard = ({ order }: { order: OrderView }) => (
  <Card title="Order">
    <Facts
      of={{
        Customer: order.customer.name ?? order.customer.email ?? "–",
        Mail: order.customer.name === null ? null : order.customer.email,
        "Requested by": order.requested_by,
        Description: order.description,
        Created: <When at={order.created_at} />,
        Changed: <When at={order.updated_at} ago />,
        Ended: order.result && <When at={order.result.ended_at} />,
        Because: order.result?.reason,
        Erased: order.erased_at && <When at={order.erased_at} />,
      }}
    />
    {/* Apart from the order's own, whose names a merchant's keys may have. */}
    {Object.keys(order.metadata).length > 0 && <Facts of={order.metadata} />}
    <Copyable text={order.id} what="the order’s id" />
  </Card>
);

export const PaymentCard = ({ order: { payment, disputes } }: { order: OrderView }) => (
  <Card title="Payment" aside={<StatusChip status={payment.status} size="sm" />}>
    <Facts
      of={{
        How: { checkout: "Checkout page", client: "Own page", confirm: "By server" }[payment.mode],
        "Held until":
          payment.amount_captured === 0 && payment.capture_before !== null ? (
            <When at={payment.capture_before} />
          ) : null,
        Failure: payment.failure?.message,
      }}
    />
    {payment.id && <Copyable text={payment.id} what="the payment’s id" />}
    {disputes.map(({ id, status, reason }) => (
      <Text key={id} size="sm">
        Dispute, {inWords(reason).toLowerCase()}: {inWords(status).toLowerCase()}
      </Text>
    ))}
  </Card>
);

export const RefundsCard = ({ order: { refunds, currency } }: { order: OrderView }) => (
  <Card title="Refunds">
    <Stack gap="sm">
      {refunds.map(({ id, amount, status, reason, failure, approval_id }) => (
        <Stack key={id} gap={2}>
          <Group justify="space-between" gap="xs">
            <Text size="sm" fw={600}>
              <Amount amount={amount} currency={currency} />
            </Text>
            <StatusChip status={status} size="sm" />
          </Group>
          <Text size="sm" c="dimmed">
            {reason}
            {failure ? ` · ${failure}` : ""}
          </Text>
          {approval_id && (
            <Anchor component={Link} href={`/approvals/${approval_id}`} size="sm">
              Its approval
            </Anchor>
          )}
        </Stack>
      ))}
    </Stack>
  </Card>
);

export const ItemsCard = ({ order: { items, currency, fulfilment } }: { order: OrderView }) => (
  <Card title="Items">
    <Table aria-label="Items" verticalSpacing={4} horizontalSpacing={0}>
      <Table.Tbody>
        {items.map(({ sku, quantity, unit_amount, description }) => (
          <Table.Tr key={sku}>
            <Table.Td>
              <Text size="sm">{description ?? sku}</Text>
              <Text size="xs" c="dimmed">
                {quantity} × <Amount amount={unit_amount} currency={currency} />
                {fulfilment.mode === "manual" && ` · ${fulfilment.fulfilled[sku] ?? 0} fulfilled`}
              </Text>
            </Table.Td>
            <Table.Td ta="right" style={{ verticalAlign: "top" }}>
              <Amount amount={quantity * unit_amount} currency={currency} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  </Card>
);
