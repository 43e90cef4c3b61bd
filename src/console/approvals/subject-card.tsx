import { Anchor, Table, Text } from "@mantine/core";
import { Link } from "wouter";
import type { ApprovalAnswer } from "../../contract/answers/approvals.ts";
import { Amount } from "../show/amount.tsx";
import { Card } from "../show/card.tsx";
import { Copyable } from "../show/copyable.tsx";
import { Facts } from "../show/facts.tsx";
import { When } from "../show/when.tsx";

/** Exactly what is asked, as mail and page show it. */
export function SubjectCard({ approval }: { approval: ApprovalAnswer }) {
  const { subject, order_id, content_hash, revision, created_at } = approval;
  const { amount, currency } = subject;
  return (
    <Card title="What is asked">
      {amount !== null && currency !== null && (
        <Text fz={30} fw={700} lh={1.15}>
          <Amount amount={amount} currency={currency} />
        </Text>
      )}
      <Facts
        of={{
          Reference: subject.reference,
          Description: subject.description,
          Customer: subject.customer,
          "Requested by": subject.requested_by,
          Reason: subject.reason,
          Order: order_id && (
            <Anchor component={Link} href={`/orders/${order_id}`} size="sm">
              {order_id}
            </Anchor>
          ),
          Asked: <When at={created_at} />,
          Revision: revision > 1 ? revision : null,
          Policy: approval.policy_version,
        }}
      />
      {subject.items.length > 0 && currency !== null && (
        <Table aria-label="Items" verticalSpacing={4}>
          <Table.Tbody>
            {subject.items.map(({ sku, quantity, unit_amount }) => (
              <Table.Tr key={sku}>
                <Table.Td>{sku}</Table.Td>
                <Table.Td ta="right">{quantity} ×</Table.Td>
                <Table.Td ta="right">
                  <Amount amount={unit_amount} currency={currency} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <Copyable text={content_hash} what="the hash of what is asked" />
    </Card>
  );
}
