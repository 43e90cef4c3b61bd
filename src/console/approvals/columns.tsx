import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import type { ApprovalAnswer } from "../../contract/answers/approvals.ts";
import { Amount } from "../show/amount.tsx";
import type { Column } from "../show/list.tsx";
import { StatusChip } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";

const KIND: Record<ApprovalAnswer["kind"], string> = { order: "Order", refund: "Refund", request: "Request" };

const Asked = ({ subject: { amount, currency } }: ApprovalAnswer) =>
  amount === null || currency === null ? <>–</> : <Amount amount={amount} currency={currency} />;

/** What a list shows of an approval. */
export const COLUMNS: Column<ApprovalAnswer>[] = [
  {
    title: "What is asked",
    cell: (approval) => (
      <Stack gap={0}>
        <Anchor component={Link} href={`/approvals/${approval.id}`} fw={600} size="sm">
          {approval.subject.reference}
        </Anchor>
        <Text size="xs" hiddenFrom="sm">
          <Asked {...approval} />
        </Text>
        <Text size="xs" c="dimmed" lineClamp={1}>
          {KIND[approval.kind]}
          {approval.subject.description ? `: ${approval.subject.description}` : ""}
        </Text>
      </Stack>
    ),
  },
  {
    title: "Status",
    cell: ({ status, gates, gate }) => (
      <Stack gap={2} align="flex-start">
        <StatusChip status={status} />
        {gate !== null && gates.length > 1 && (
          <Text size="xs" c="dimmed">
            Gate {gates.findIndex(({ name }) => name === gate) + 1} of {gates.length}
          </Text>
        )}
      </Stack>
    ),
  },
  { title: "Amount", align: "right", from: "sm", cell: (approval) => <Asked {...approval} /> },
  {
    title: "Waits for",
    from: "md",
    cell: ({ waiting_for, decided_by }) => (
      <Text size="sm" lineClamp={2}>
        {waiting_for.join(", ") || (decided_by ? `decided by ${decided_by}` : "–")}
      </Text>
    ),
  },
  {
    title: "Until",
    from: "sm",
    cell: ({ status, deadline_at, decided_at }) => (
      <When at={status === "pending" ? deadline_at : (decided_at ?? deadline_at)} ago />
    ),
  },
];
