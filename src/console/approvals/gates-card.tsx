import { Stack, Text, Timeline } from "@mantine/core";
import type { ApprovalAnswer } from "../../contract/answers/approvals.ts";
import { Card } from "../show/card.tsx";
import { inWords } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";

/** Gate after gate: who is asked, and who has said what. */
export function GatesCard({ approval }: { approval: ApprovalAnswer }) {
  const { gates, gate, status, votes } = approval;
  const open = gates.findIndex(({ name }) => name === gate);
  const passed = status === "approved" ? gates.length : open;
  return (
    <Card title="Who decides">
      <Timeline active={passed - 1} bulletSize={18} lineWidth={2}>
        {gates.map(({ name, need, approvers }, index) => (
          <Timeline.Item
            key={name + index}
            title={inWords(name)}
            lineVariant={index < passed ? "solid" : "dashed"}
            bullet={index < passed ? <span aria-hidden="true">✓</span> : null}
          >
            <Text size="sm" c="dimmed">
              {need} of {approvers.join(", ")}
              {index < passed ? " · passed" : index === open && status === "pending" ? " · open" : ""}
            </Text>
            {index === open && status === "pending" && <Open approval={approval} />}
          </Timeline.Item>
        ))}
      </Timeline>
      {votes.length > 0 && (
        <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label="Votes">
          {votes.map(({ approver, decision, comment, at }) => (
            <li key={approver + at}>
              <Text size="sm">
                <b>{approver}</b>: {inWords(decision).toLowerCase()} · <When at={at} ago />
              </Text>
              {comment && (
                <Text size="sm" c="dimmed">
                  “{comment}”
                </Text>
              )}
            </li>
          ))}
        </Stack>
      )}
    </Card>
  );
}

/** What comes by itself when nobody decides. */
const Open = ({ approval: { waiting_for, needed, next, deadline_at } }: { approval: ApprovalAnswer }) => (
  <Stack gap={2} mt={4}>
    <Text size="sm">
      Waits for {waiting_for.join(", ")}
      {needed > 1 ? `; ${needed} more are needed` : ""}.
    </Text>
    {next.remind_at && (
      <Text size="sm">
        Reminder: <When at={next.remind_at} ago />
      </Text>
    )}
    {next.escalate_at && (
      <Text size="sm">
        Others are asked too: <When at={next.escalate_at} ago />
      </Text>
    )}
    <Text size="sm">
      Its time is up: <When at={next.deadline_at ?? deadline_at} ago />
    </Text>
  </Stack>
);
