import { List, Text } from "@mantine/core";
import type { OverviewAnswer } from "../../contract/answers/overview.ts";
import { Card } from "../show/card.tsx";
import { StatusChip } from "../show/status-chip.tsx";
import { When } from "../show/when.tsx";

const bytes = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

/** Who runs, on what. */
export const Processes = ({ processes, database, provider, mail }: OverviewAnswer) => (
  <Card title="Processes, and whom they call">
    <List listStyleType="none" spacing="xs" withPadding={false}>
      {processes.map(({ id, alive, started_at }) => (
        <List.Item key={id}>
          <StatusChip status={alive ? "alive" : "gone"} size="sm" /> {id}{" "}
          <Text component="span" size="sm" c="dimmed">
            since <When at={started_at} />
          </Text>
        </List.Item>
      ))}
    </List>
    <Text size="sm">
      <StatusChip status={provider.ok ? "answers" : "failing"} size="sm" /> Provider {provider.name}
    </Text>
    <Text size="sm">
      <StatusChip status={mail.ok ? "answers" : "failing"} size="sm" /> Mail server
    </Text>
    <Text size="sm" c="dimmed">
      PostgreSQL {database.version}, {bytes.format(database.size_bytes / 1e6)} MB, {database.connections} of{" "}
      {database.most_connections} connections
    </Text>
  </Card>
);
