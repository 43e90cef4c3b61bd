import { Code, List, Text } from "@mantine/core";
import { Card } from "../show/card.tsx";
import { TEST_CARDS } from "./test-cards.ts";

/** The bundled provider's cards, where it is the provider. */
export const CardHelp = () => (
  <Card title="Test cards">
    <Text size="sm">
      Payments go to the bundled provider, where no money moves. Any name, any date to come and any CVC do.
    </Text>
    <List size="sm" spacing={6} listStyleType="none" withPadding={false}>
      {TEST_CARDS.map(({ number, does }) => (
        <List.Item key={number}>
          <Code>{number}</Code> {does}
        </List.Item>
      ))}
    </List>
  </Card>
);
