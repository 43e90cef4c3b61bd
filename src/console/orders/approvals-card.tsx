import { Anchor, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { ApprovalAnswer, ApprovalView } from "../../contract/answers/approvals.ts";
import { read } from "../api/request.ts";
import { Card } from "../show/card.tsx";
import { StatusChip } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";

/** Who was asked, who decided, and what comes next. */
export const ApprovalsCard = ({ approvals }: { approvals: ApprovalView[] }) => (
  <Card title="Approvals">
    <Stack gap="md">
      {approvals.map((approval) => (
        <Stack key={approval.id} gap={4}>
          <Group justify="space-between" gap="xs">
            <Anchor component={Link} href={`/approvals/${approval.id}`} size="sm" fw={600}>
              {approval.kind === "refund" ? "Refund" : "Order"}
              {approval.gate === null ? "" : `: ${approval.gate}`}
            </Anchor>
            <StatusChip status={approval.status} size="sm" />
          </Group>
          {approval.votes.map(({ approver, decision, comment, at }) => (
            <Text key={approver + at} size="sm">
              {approver}: {decision.replace("_", " ")} · <When at={at} ago />
              {comment && (
                <Text component="span" size="sm" c="dimmed" display="block">
                  “{comment}”
                </Text>
              )}
            </Text>
          ))}
          {approval.status === "pending" && <WhatComes approval={approval} />}
        </Stack>
      ))}
    </Stack>
  </Card>
);

function WhatComes({ approval: { id, waiting_for, deadline_at } }: { approval: ApprovalView }) {
  const { data } = useQuery({
    queryKey: ["approval", id],
    queryFn: ({ signal }) => read<ApprovalAnswer>(`/v1/approvals/${id}`, {}, signal),
  });
  const next = data?.next;
  return (
    <Text size="sm" c="dimmed" component="div">
      Waits for {waiting_for.join(", ")}.{" "}
      {next?.remind_at && (
        <>
          Reminder <When at={next.remind_at} ago />.{" "}
        </>
      )}
      {next?.escalate_at && (
        <>
          Others are asked <When at={next.escalate_at} ago />.{" "}
        </>
      )}
      Its time is up <When at={deadline_at} ago />.
    </Text>
  );
}
