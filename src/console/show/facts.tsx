import { SimpleGrid, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** Names and values of one object. What is null or undefined is left out. */
export const Facts = ({ of, cols = 2 }: { of: Record<string, ReactNode>; cols?: number }) => (
  <SimpleGrid component="dl" cols={{ base: 1, xs: cols }} spacing="sm" verticalSpacing="xs" m={0}>
    {Object.entries(of)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => (
        <Stack key={name} gap={0} style={{ minWidth: 0 }}>
          <Text component="dt" size="xs" c="dimmed">
            {name}
          </Text>
          <Text component="dd" m={0} size="sm" style={{ overflowWrap: "anywhere" }}>
            {value}
          </Text>
        </Stack>
      ))}
  </SimpleGrid>
);
