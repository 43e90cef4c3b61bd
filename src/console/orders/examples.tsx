import { Button, SimpleGrid, Stack, Text } from "@mantine/core";
import { Card } from "../show/card.tsx";
import type { Draft } from "./draft.ts";
import { PRESETS } from "./presets.ts";

/** Orders at hand for whoever looks around: each fills in the form. */
export const Examples = ({ choose }: { choose: (draft: Partial<Draft>) => void }) => (
  <Card title="Examples">
    <SimpleGrid cols={{ base: 2, md: 1 }} spacing="xs" verticalSpacing="xs">
      {PRESETS.map(({ title, what, draft }) => (
        <Button
          key={title}
          variant="default"
          h="auto"
          py={8}
          px="sm"
          justify="flex-start"
          onClick={() => choose(draft)}
        >
          <Stack gap={0} align="flex-start">
            <Text size="sm" fw={600} ta="left" style={{ whiteSpace: "normal" }}>
              {title}
            </Text>
            <Text size="xs" c="dimmed" ta="left" style={{ whiteSpace: "normal" }}>
              {what}
            </Text>
          </Stack>
        </Button>
      ))}
    </SimpleGrid>
  </Card>
);
