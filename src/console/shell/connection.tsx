import { Group, Text, Tooltip } from "@mantine/core";
import type { Connection } from "../api/changes.ts";

const SHOWN: Record<Connection, { text: string; color: string; tip: string }> = {
  live: {
    text: "Live",
    color: "var(--mantine-primary-color-filled)",
    tip: "What changes appears by itself.",
  },
  connecting: {
    text: "Connecting…",
    color: "var(--mantine-color-yellow-6)",
    tip: "What is shown may be old; it is read anew as soon as the service answers.",
  },
  offline: {
    text: "Offline",
    color: "var(--mantine-color-red-6)",
    tip: "This device has no network. What is shown may be old.",
  },
};

/** Whether what is shown is what is so. */
export function ConnectionMark({ connection }: { connection: Connection }) {
  const { text, color, tip } = SHOWN[connection];
  return (
    <Tooltip label={tip}>
      <Group gap={6} role="status" aria-live="polite">
        <svg width="9" height="9" aria-hidden="true">
          <circle cx="4.5" cy="4.5" r="4.5" fill={color} />
        </svg>
        <Text size="sm">{text}</Text>
      </Group>
    </Tooltip>
  );
}
