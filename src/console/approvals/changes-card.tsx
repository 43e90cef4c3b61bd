import { Stack, Text } from "@mantine/core";
import type { ApprovalAnswer } from "../../contract/answers/approvals.ts";
import { entryText } from "../../audit/sentences.ts";
import { Card } from "../show/card.tsx";
import { inWords } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";

/** What was changed after people had been asked. */
export const AmendmentsCard = ({ amendments }: Pick<ApprovalAnswer, "amendments">) => (
  <Card title="What changed">
    {amendments.map(({ revision, at, by, changes }) => (
      <Stack key={revision} gap={2}>
        <Text size="sm" fw={600}>
          Revision {revision}, {by}, <When at={at} ago />
        </Text>
        {changes.map(({ field, before, after }) => (
          <Text key={field} size="sm">
            {inWords(field)}: <del>{before}</del> <ins>{after}</ins>
          </Text>
        ))}
      </Stack>
    ))}
  </Card>
);

/** What happened to one without an order; others have the order's trail. */
export const HistoryCard = ({ history }: Pick<ApprovalAnswer, "history">) => (
  <Card title="What happened">
    <Stack gap="xs" component="ol" p={0} m={0} style={{ listStyle: "none" }}>
      {history.toReversed().map(({ type, data, actor, at }, index) => (
        <li key={index}>
          <Text size="sm">{entryText(type, data)}</Text>
          <Text size="xs" c="dimmed">
            <When at={at} /> · {actor.id}
          </Text>
        </li>
      ))}
    </Stack>
  </Card>
);
