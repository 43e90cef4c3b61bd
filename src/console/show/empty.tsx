import { Paper, Stack, Text, ThemeIcon } from "@mantine/core";
import type { ReactNode } from "react";
import { IconCircleDashed } from "@tabler/icons-react";

/** There is nothing here: why that is so, and what one can do. */
export const Empty = ({ title, children }: { title: string; children?: ReactNode }) => (
  <Paper withBorder p="xl">
    <Stack align="center" gap="xs">
      <ThemeIcon variant="light" color="gray" size="xl" radius="xl" aria-hidden>
        <IconCircleDashed />
      </ThemeIcon>
      <Text fw={600}>{title}</Text>
      {children && (
        <Text component="div" c="dimmed" size="sm" ta="center">
          {children}
        </Text>
      )}
    </Stack>
  </Paper>
);
